//! So many hashes at once, so many waiting, so long, in so much memory.
//!
//! A permit belongs to the computation and not to the request, so a client that hangs up does not make room for one more
//! hash while its own is still running. Workers are threads of their own, of lower priority than those that serve: on a
//! busy machine, verifying and refreshing tokens come first. They stay between hashes; a new thread for each was measured to
//! cost a sixth of the rate.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc};
use std::time::Duration;

use argon2::Block;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::HashError;
use super::workers::{Turn, Workers};

/// How much less a hash is worth than a request, when both want a core: with 10 of 19 steps down, a tenth. All 19 were measured, and did not
/// make requests faster under a flood: what they wait for is the turn that a hash has begun.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// The pool.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) workers: Arc<Workers>,
    /// Memory for what needs more than the buffer of a worker, in KiB.
    spare: Arc<Semaphore>,
    spare_kib: u32,
    buffer_blocks: usize,
    idle: Arc<Idle>,
    waiting: AtomicUsize,
    max_waiting: usize,
    max_wait: Duration,
}

/// What bounds the pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) workers: usize,
    /// Whether there is one less while other requests come.
    pub(super) keeps_a_core: bool,
    /// The buffer that each worker keeps, in blocks of a KiB.
    pub(super) buffer_blocks: usize,
    /// What there is beside the buffers, in KiB.
    pub(super) spare_kib: u32,
    pub(super) max_waiting: usize,
    pub(super) max_wait: Duration,
}

/// The right to compute, held by the computation.
type Permit = (Turn, Option<OwnedSemaphorePermit>);

impl Pool {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            workers: Workers::new(bounds.workers, bounds.keeps_a_core),
            spare: Arc::new(Semaphore::new(usize::try_from(bounds.spare_kib).unwrap_or_default())),
            spare_kib: bounds.spare_kib,
            buffer_blocks: bounds.buffer_blocks,
            idle: Arc::default(),
            waiting: AtomicUsize::new(0),
            max_waiting: bounds.max_waiting,
            max_wait: bounds.max_wait,
        }
    }

    /// Memory for what needs more than the buffer of a worker, in KiB.
    pub(super) const fn spare_kib(&self) -> u32 {
        self.spare_kib
    }

    /// Another request is there, which needs no hash.
    pub(super) fn others_ask(&self) {
        self.workers.others_ask();
    }

    /// Whether one more is computed now, or may wait.
    pub(super) fn has_room(&self) -> bool {
        self.workers.has_place() || self.waiting() < self.max_waiting
    }

    /// How many wait, for a worker or for memory.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many have a worker, those among them that wait for memory included.
    pub(super) fn running(&self) -> usize {
        self.workers.running()
    }

    /// Computes on a worker, in a buffer that is used again, and with so much more memory.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        spare_kib: u32,
        compute: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let permit = self.permit(spare_kib).await?;
        let (answer, answered) = oneshot::channel();
        let compute = Box::new(move |blocks: &mut Vec<Block>| {
            let computed = compute(blocks);
            // Nobody may be waiting any more.
            Box::new(move || drop(answer.send(computed))) as Answer
        });
        self.employ(Job { compute, permit })?;
        answered.await.map_err(|_| HashError::Interrupted)
    }

    /// Gives a job to the worker that was busy last, or to a new one.
    fn employ(&self, job: Job) -> Result<(), HashError> {
        let idle = self.idle.workers().pop();
        let Some(worker) = idle else { return self.hire(job) };
        worker.send(job).or_else(|mpsc::SendError(job)| self.hire(job))
    }

    fn hire(&self, job: Job) -> Result<(), HashError> {
        let worker = Worker { buffer_blocks: self.buffer_blocks, idle: Arc::downgrade(&self.idle) };
        let thread = std::thread::Builder::new().name("password".to_owned()).spawn(move || worker.work(job));
        thread.map(drop).map_err(|_| HashError::Overloaded)
    }

    /// Gives the memory of idle workers back to the system: without a way to be given a job they end.
    pub(super) fn release_idle_memory(&self) {
        self.idle.workers().clear();
    }

    async fn permit(&self, spare_kib: u32) -> Result<Permit, HashError> {
        if let Some(worker) = self.workers.try_acquire()
            && spare_kib == 0
        {
            return Ok((worker, None));
        }
        let _place = Place::take(&self.waiting, self.max_waiting)?;
        let waited = tokio::time::timeout(self.max_wait, self.acquire(spare_kib)).await;
        waited.ok().flatten().ok_or(HashError::Overloaded)
    }

    /// A worker first and memory then: whoever waits for memory waits for computations only, and they wait for nothing.
    async fn acquire(&self, spare_kib: u32) -> Option<Permit> {
        let worker = self.workers.acquire().await?;
        if spare_kib == 0 {
            return Some((worker, None));
        }
        let spare = Arc::clone(&self.spare).acquire_many_owned(spare_kib).await.ok()?;
        Some((worker, Some(spare)))
    }
}

/// On Linux a thread has a priority of its own; elsewhere this would be that of the whole process.
#[cfg(target_os = "linux")]
fn lower_priority() {
    // Without it hashing works as well.
    let _ = rustix::process::nice(NICER);
}

#[cfg(not(target_os = "linux"))]
const fn lower_priority() {}

/// A place in the queue, given back also when the request is cancelled.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, max: usize) -> Result<Self, HashError> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < max { Ok(place) } else { Err(HashError::Overloaded) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A computation in a buffer, which gives its answer when told to.
type Compute = Box<dyn FnOnce(&mut Vec<Block>) -> Answer + Send>;
type Answer = Box<dyn FnOnce()>;

/// A computation, and what it holds until it is over.
struct Job {
    compute: Compute,
    permit: Permit,
}

/// The workers that have nothing to do, each by the way to give it a job.
#[derive(Debug, Default)]
struct Idle(Mutex<Vec<mpsc::Sender<Job>>>);

impl Idle {
    fn workers(&self) -> MutexGuard<'_, Vec<mpsc::Sender<Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that computes one job after another, in Argon2's working memory, which it keeps: allocating it afresh for each hash
/// halves the rate. No buffer stays that is larger than today's parameters need.
struct Worker {
    buffer_blocks: usize,
    idle: Weak<Idle>,
}

impl Worker {
    /// A computation that panics ends the thread, and gives its permit back; the next job gets another.
    fn work(self, first: Job) {
        lower_priority();
        let (mut job, mut blocks) = (first, Vec::new());
        loop {
            let answer = (job.compute)(&mut blocks);
            if blocks.capacity() > self.buffer_blocks {
                blocks = Vec::new();
            }
            // It is idle before its permit is free, so there are never more workers than permits; the answer is last, so that
            // whoever has it finds everything at rest.
            let (sender, jobs) = mpsc::channel();
            let Some(idle) = self.idle.upgrade() else { return };
            idle.workers().push(sender);
            drop((idle, job.permit));
            answer();
            let Ok(next) = jobs.recv() else { return };
            job = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(workers: usize, max_waiting: usize) -> Arc<Pool> {
        let max_wait = Duration::from_secs(2);
        Arc::new(Pool::new(Bounds {
            workers,
            keeps_a_core: false,
            buffer_blocks: 64,
            spare_kib: 100,
            max_waiting,
            max_wait,
        }))
    }

    /// With one worker held and one place, the third is refused at once and the second after its time.
    #[tokio::test(start_paused = true)]
    async fn waiting_is_bounded_in_number_and_time() {
        let pool = pool(1, 1);
        let held = pool.workers.acquire().await.unwrap();
        let second = {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.permit(0).await.map(drop) })
        };
        tokio::task::yield_now().await;
        assert!(!pool.has_room());
        assert_eq!((pool.running(), pool.waiting()), (1, 1));
        assert_eq!(pool.permit(0).await.map(drop), Err(HashError::Overloaded));
        assert_eq!(second.await.unwrap(), Err(HashError::Overloaded));
        assert_eq!((pool.running(), pool.waiting()), (1, 0));
        assert!(pool.has_room());
        drop(held);
        assert_eq!(pool.running(), 0);
        assert!(pool.permit(0).await.is_ok());
    }

    /// Two that need most of the spare memory do not run at once, though there are workers.
    #[tokio::test(start_paused = true)]
    async fn spare_memory_is_never_exceeded() {
        let pool = pool(4, 4);
        let first = pool.permit(60).await.unwrap();
        assert_eq!(pool.permit(60).await.map(drop), Err(HashError::Overloaded));
        let small = pool.permit(40).await.unwrap();
        drop((first, small));
        assert!(pool.permit(100).await.is_ok());
        assert_eq!(pool.workers.available(), 4);
    }

    #[test]
    fn a_cancelled_waiter_gives_its_place_back() {
        let waiting = AtomicUsize::new(0);
        let place = Place::take(&waiting, 1);
        assert!(Place::take(&waiting, 1).is_err());
        drop(place);
        assert_eq!(waiting.load(Ordering::Relaxed), 0);
    }

    /// The client hangs up; its permit stays with the computation until that ends.
    #[tokio::test]
    async fn a_permit_outlives_a_cancelled_request() {
        let pool = pool(1, 4);
        let (go, wait) = mpsc::channel::<()>();
        let request = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(0, move |_| wait.recv()).await }
        });
        while pool.workers.available() == 1 {
            tokio::task::yield_now().await;
        }
        request.abort();
        assert!(request.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(pool.workers.available(), 0);
        drop(go);
        assert_eq!(pool.run(0, |_| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn a_computation_that_panics_gives_its_permit_back() {
        let pool = pool(1, 4);
        let broken = pool.run(0, |_| -> u32 { std::panic::resume_unwind(Box::new(())) }).await;
        assert_eq!(broken, Err(HashError::Interrupted));
        assert_eq!(pool.run(0, |_| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn buffers_are_used_again_unless_they_have_grown() {
        let pool = pool(1, 4);
        let grow = |blocks| move |buffer: &mut Vec<Block>| (buffer.capacity(), buffer.resize(blocks, Block::new())).0;
        assert_eq!(pool.run(0, grow(64)).await, Ok(0));
        assert_eq!(pool.run(0, grow(64)).await, Ok(64));
        assert_eq!(pool.run(64, grow(128)).await, Ok(64));
        assert_eq!(pool.run(0, grow(64)).await, Ok(0));
        pool.release_idle_memory();
        assert_eq!(pool.run(0, grow(64)).await, Ok(0));
    }

    #[tokio::test]
    async fn a_worker_stays_until_its_memory_is_released() {
        let pool = pool(1, 4);
        let worker = |_: &mut Vec<Block>| std::thread::current().id();
        let first = pool.run(0, worker).await.unwrap();
        assert_eq!(pool.run(0, worker).await, Ok(first));
        pool.release_idle_memory();
        assert_ne!(pool.run(0, worker).await, Ok(first));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_yields_to_serving() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let serving = priority();
        let hashing = pool(1, 1).run(0, move |_| priority()).await.unwrap();
        assert_eq!(hashing, (serving + NICER).min(19));
        assert_eq!(priority(), serving);
    }
}
