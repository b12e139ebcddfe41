//! The task's manners, on tokio's paused time and with an issuer that a test plays.

use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;

use jotgate_jose::{Algorithm, SigningKey};
use tokio::sync::oneshot;
use tokio::time::advance;

use super::*;

const WAIT: Duration = Duration::from_secs(5);
const LIMITS: Limits = Limits { wait: WAIT, key_age: Duration::from_mins(10) };

/// Answers in the order in which a test wrote them down; after the last one it never answers.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    fetches: AtomicUsize,
}

#[derive(Debug)]
enum Answer {
    Keys(&'static [&'static str], Option<u64>),
    Fails,
    /// Answers with one key when told to.
    When(oneshot::Receiver<()>, &'static [&'static str]),
}

#[derive(Debug)]
struct Played(Arc<Script>);

impl Fetch for Played {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Fetched, String>> + Send + '_>> {
        self.0.fetches.fetch_add(1, Ordering::SeqCst);
        let answer = self.0.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            match answer {
                Some(Answer::Keys(kids, life)) => Ok(fetched(kids, life)),
                Some(Answer::Fails) => Err("the issuer is out".to_owned()),
                Some(Answer::When(told, kids)) => {
                    told.await.map_err(|_| "never told".to_owned())?;
                    Ok(fetched(kids, None))
                }
                None => std::future::pending().await,
            }
        })
    }
}

fn fetched(kids: &[&str], life: Option<u64>) -> Fetched {
    let key = |kid: &&str| SigningKey::generate(Algorithm::EdDsa).unwrap().with_kid(*kid).verifying_key();
    Fetched { keys: KeySet::new(kids.iter().map(key)).unwrap(), life: life.map(Duration::from_secs), feed: Ok(None) }
}

fn play(answers: impl IntoIterator<Item = Answer>) -> (IssuerKeys, Arc<Script>) {
    play_within(LIMITS, answers)
}

fn play_within(limits: Limits, answers: impl IntoIterator<Item = Answer>) -> (IssuerKeys, Arc<Script>) {
    let script = Arc::new(Script { answers: Mutex::new(answers.into_iter().collect()), fetches: AtomicUsize::new(0) });
    let played = Box::new(Played(Arc::clone(&script)));
    (IssuerKeys::new("https://i.example".into(), played, limits, Clock::manual(0)), script)
}

impl Script {
    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

fn kids(keys: &IssuerKeys) -> Vec<String> {
    let snapshot = keys.snapshot();
    snapshot.iter().flat_map(|set| set.keys()).map(|key| key.kid().unwrap().to_owned()).collect()
}

/// Lets the task do what it can do now.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

async fn pass(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_before_the_first_request() {
    let (keys, script) = play([Answer::Keys(&["a"], None)]);
    settle().await;
    assert_eq!((kids(&keys), script.fetches()), (vec!["a".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn a_set_is_fetched_again_before_it_ends() {
    let (keys, script) = play([Answer::Keys(&["a"], Some(400)), Answer::Keys(&["b"], None)]);
    settle().await;
    pass(299).await;
    assert_eq!((kids(&keys), script.fetches()), (vec!["a".to_owned()], 1));
    pass(1).await;
    assert_eq!((kids(&keys), script.fetches()), (vec!["b".to_owned()], 2));
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_set_is_kept_in_bounds() {
    for (said, fetched_after) in [(Some(0), 45), (Some(1), 45), (Some(u64::MAX / 2), 450), (None, 450)] {
        let (_keys, script) = play([Answer::Keys(&["a"], said), Answer::Keys(&["a"], None)]);
        settle().await;
        pass(fetched_after - 1).await;
        assert_eq!(script.fetches(), 1, "{said:?}");
        pass(1).await;
        assert_eq!(script.fetches(), 2, "{said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_may_not_grow_old_are_not_fetched_without_a_pause() {
    let limits = Limits { key_age: Duration::ZERO, ..LIMITS };
    let (keys, script) = play_within(limits, (0..9).map(|_| Answer::Keys(&["a"], None)));
    settle().await;
    assert_eq!((kids(&keys), script.fetches()), (vec!["a".to_owned()], 1));
    pass(1).await;
    assert_eq!(script.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_fetch_leaves_the_set_and_is_tried_again_ever_more_slowly() {
    let failures = (0..8).map(|_| Answer::Fails);
    let (keys, script) = play([Answer::Keys(&["a"], Some(60))].into_iter().chain(failures));
    settle().await;
    pass(45).await;
    for (fetches, pause) in (2..).zip([1, 2, 4, 8, 16, 30, 30]) {
        assert_eq!((kids(&keys), script.fetches()), (vec!["a".to_owned()], fetches));
        pass(pause).await;
    }
}

#[tokio::test(start_paused = true)]
async fn keys_of_an_issuer_that_stays_away_are_used_for_so_long_and_come_back_with_it() {
    let failures = (0..24).map(|_| Answer::Fails);
    let back = [Answer::Keys(&["b"], None)];
    let (keys, _) = play([Answer::Keys(&["a"], Some(60))].into_iter().chain(failures).chain(back));
    settle().await;
    pass(45).await;
    for seconds in 45..599 {
        assert_eq!(kids(&keys), ["a"], "after {seconds} seconds");
        pass(1).await;
    }
    // The next try after the limit is at most 30 seconds away.
    for _ in 0..30 {
        pass(1).await;
    }
    assert_eq!(kids(&keys), [""; 0]);
    assert_eq!(keys.wait(Lack::AnyKeys).await, Err(VerificationCode::KeysUnavailable));
    for _ in 0..60 {
        pass(1).await;
    }
    assert_eq!(kids(&keys), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_set_replaces_the_old_one_as_a_whole() {
    let (keys, _) = play([Answer::Keys(&["a", "b"], Some(60)), Answer::Keys(&["b", "c"], None)]);
    settle().await;
    pass(45).await;
    assert_eq!(kids(&keys), ["b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn requests_wait_for_the_first_keys() {
    let (tell, told) = oneshot::channel();
    let (keys, script) = play([Answer::When(told, &["a"])]);
    let keys = Arc::new(keys);
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let keys = Arc::clone(&keys);
            tokio::spawn(async move { keys.wait(Lack::AnyKeys).await })
        })
        .collect();
    settle().await;
    tell.send(()).unwrap();
    for request in waiting {
        assert_eq!(request.await.unwrap(), Ok(()));
    }
    assert_eq!(script.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_request_waits_longer_than_its_limit() {
    let (keys, _) = play([]);
    let begin = monotonic();
    assert_eq!(keys.wait(Lack::AnyKeys).await, Err(VerificationCode::KeysUnavailable));
    assert_eq!(begin.elapsed(), WAIT);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_so_many_requests_wait() {
    let (keys, _) = play([]);
    let keys = Arc::new(keys);
    for _ in 0..MOST_WAITING {
        let keys = Arc::clone(&keys);
        tokio::spawn(async move { keys.wait(Lack::AnyKeys).await });
    }
    settle().await;
    let begin = monotonic();
    assert_eq!(keys.wait(Lack::AnyKeys).await, Err(VerificationCode::KeysUnavailable));
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn between_failed_fetches_nobody_waits() {
    let (keys, script) = play([Answer::Fails, Answer::Fails, Answer::Keys(&["a"], None)]);
    settle().await;
    let begin = monotonic();
    assert_eq!(keys.wait(Lack::AnyKeys).await, Err(VerificationCode::KeysUnavailable));
    assert_eq!((begin.elapsed(), script.fetches()), (Duration::ZERO, 1));
    pass(1).await;
    pass(2).await;
    assert_eq!(keys.wait(Lack::AnyKeys).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_is_fetched_at_once() {
    let (keys, script) = play([Answer::Keys(&["a"], None), Answer::Keys(&["a", "b"], None)]);
    settle().await;
    assert_eq!(keys.wait(Lack::ThisKey).await, Ok(()));
    assert_eq!((kids(&keys).len(), script.fetches()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_keys_causes_one_fetch_in_a_cool_down() {
    let (keys, script) = play((0..9).map(|_| Answer::Keys(&["a"], Some(3600))));
    settle().await;
    assert_eq!(keys.wait(Lack::ThisKey).await, Ok(()));
    for _ in 0..5000 {
        assert_eq!(keys.wait(Lack::ThisKey).await, Err(VerificationCode::KeyUnknown));
    }
    assert_eq!(script.fetches(), 2);
    pass(29).await;
    assert_eq!(keys.wait(Lack::ThisKey).await, Err(VerificationCode::KeyUnknown));
    pass(1).await;
    assert_eq!(keys.wait(Lack::ThisKey).await, Ok(()));
    assert_eq!(script.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn those_that_come_while_an_unknown_key_is_fetched_wait_for_the_same_fetch() {
    let (tell, told) = oneshot::channel();
    let (keys, script) = play([Answer::Keys(&["a"], None), Answer::When(told, &["b"])]);
    let keys = Arc::new(keys);
    settle().await;
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let keys = Arc::clone(&keys);
            tokio::spawn(async move { keys.wait(Lack::ThisKey).await })
        })
        .collect();
    settle().await;
    tell.send(()).unwrap();
    for request in waiting {
        assert_eq!(request.await.unwrap(), Ok(()));
    }
    assert_eq!(script.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_began_before_the_question_does_not_answer_it() {
    let (tell, told) = oneshot::channel();
    let first = Answer::Keys(&["a"], Some(60));
    let (keys, script) = play([first, Answer::When(told, &["a"]), Answer::Keys(&["b"], None)]);
    settle().await;
    pass(45).await;
    let keys = Arc::new(keys);
    let asking = Arc::clone(&keys);
    let waiting = tokio::spawn(async move { asking.wait(Lack::ThisKey).await });
    settle().await;
    tell.send(()).unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(()));
    assert_eq!((kids(&keys), script.fetches()), (vec!["b".to_owned()], 3));
}

#[tokio::test(start_paused = true)]
async fn while_the_issuer_is_out_a_key_is_not_said_to_be_unknown() {
    let (keys, _) = play([Answer::Keys(&["a"], None), Answer::Fails]);
    settle().await;
    for _ in 0..2 {
        assert_eq!(keys.wait(Lack::ThisKey).await, Err(VerificationCode::KeysUnavailable));
    }
}

#[test]
fn the_task_begins_anew_in_another_runtime() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (keys, script) = play([Answer::Keys(&["a"], None), Answer::Keys(&["b"], None)]);
    assert_eq!(script.fetches(), 0, "there is no runtime to fetch in");
    runtime().block_on(async { assert_eq!(keys.wait(Lack::AnyKeys).await, Ok(())) });
    runtime().block_on(async { assert_eq!(keys.wait(Lack::AnyKeys).await, Ok(())) });
    assert_eq!((kids(&keys), script.fetches()), (vec!["b".to_owned()], 2));
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_keys() {
    let (keys, script) = play((0..9).map(|_| Answer::Keys(&["a"], Some(60))));
    settle().await;
    drop(keys);
    pass(600).await;
    assert_eq!(script.fetches(), 1);
    assert_eq!(Arc::strong_count(&script), 1);
}
