//! One suite against both ways to run the server: `serve` with its own listener, and the router mounted inside an
//! application under `/auth`. Every scenario speaks HTTP and knows nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answer;
#[macro_use]
mod list;
mod scenarios;
mod site;

/// Makes a test of each scenario for each way.
macro_rules! for_both {
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
    };
}

every_scenario!(for_both);
