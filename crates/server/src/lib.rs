//! The Jotgate auth server as a library: the same code as `jotgate serve`, to mount inside an axum application.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use jotgate_server::{App, Config};
//!
//! let auth = App::open(Config::new("http://127.0.0.1:3000/auth")?).await?;
//! let _jobs = auth.start_jobs();
//! let app = axum::Router::new().nest("/auth", auth.router());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//! ```

mod app;
mod audit;
mod clock;
pub mod config;
pub mod domain;
pub mod flows;
mod hasher;
mod http;
mod jobs;
mod keys;
mod limits;
mod mail;
mod metrics;
mod random;
mod revocations;
mod router;
mod serve;
mod status_lists;
mod store;
mod throttle;
mod tokens;

pub use app::{App, StartError};
pub use clock::{Clock, SystemClock};
pub use config::{Config, ConfigError};
pub use http::openapi::document as openapi;
pub use jobs::Jobs;
pub use metrics::{METRICS, Metric};
pub use random::{Random, SystemRandom};
pub use serve::Server;
pub use store::BackupError;
pub use store::copy::{CopiedTable, CopyError, CopyProgress, copy_store};
pub use tokens::check::{Caller, Refused};
