//! One suite against the ways to run the server: `serve` with its own listener, the router mounted inside an application
//! under `/auth`, and `serve` with its data in PostgreSQL. Every scenario speaks HTTP and knows nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answer;
#[macro_use]
mod list;
mod scenarios;
mod site;

/// Makes a test of each scenario for each way.
macro_rules! for_each_way {
    ($($file:ident: $($scenario:ident)*;)*) => {
        mod served {
            $(mod $file { $(
                #[tokio::test]
                async fn $scenario() { crate::scenarios::$file::$scenario(crate::site::Site::served().await).await; }
            )* })*
        }
        mod mounted {
            $(mod $file { $(
                #[tokio::test]
                async fn $scenario() { crate::scenarios::$file::$scenario(crate::site::Site::mounted().await).await; }
            )* })*
        }
        mod on_postgres {
            $(mod $file { $(
                #[tokio::test]
                async fn $scenario() {
                    if let Some(site) = crate::site::Site::on_postgres(stringify!($scenario)).await {
                        crate::scenarios::$file::$scenario(site).await;
                    }
                }
            )* })*
        }
    };
}

every_scenario!(for_each_way);
