//! What goes on beside the requests: following other processes on the same store, sharing failed tries with them, key rotation,
//! mail, and clean-up.

mod clean_up;
mod follow;
mod follow_keys;
mod outbox;
mod rotate;
mod share_tries;

use tokio::task::JoinSet;

use crate::app::App;

/// The running jobs; they end when this is dropped. The server's own routes then go on for ten seconds, and no longer: what
/// others end is not noticed any more.
#[derive(Debug)]
pub struct Jobs {
    _tasks: JoinSet<()>,
}

impl App {
    /// Starts the jobs. A server needs them; a command that does one thing and ends does not.
    #[must_use = "the jobs end when this is dropped"]
    pub fn start_jobs(&self) -> Jobs {
        let mut tasks = JoinSet::new();
        tasks.spawn(follow::run(self.clone()));
        tasks.spawn(follow_keys::run(self.clone()));
        tasks.spawn(rotate::run(self.clone()));
        tasks.spawn(outbox::run(self.clone()));
        tasks.spawn(share_tries::run(self.clone()));
        tasks.spawn(clean_up::run(self.clone()));
        Jobs { _tasks: tasks }
    }
}
