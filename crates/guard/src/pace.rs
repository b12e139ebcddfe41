//! How many refusals are logged: outsiders can cause as many as they like, and no disk may fill by it.

use std::sync::{LazyLock, Mutex, PoisonError};

use tokio::time::Instant;

use crate::clock::monotonic;

/// Events of one code that are logged within a second.
const EACH_SECOND: u32 = 10;

static BEGAN: LazyLock<Instant> = LazyLock::new(monotonic);
/// One row for each code that was ever logged; there are about twenty codes.
static PACES: Mutex<Vec<(&str, Pace)>> = Mutex::new(Vec::new());

/// Whether a refusal with this code may be logged now, and how many were held back since the last one that was.
pub(crate) fn may_log(code: &'static str) -> Option<u64> {
    let second = BEGAN.elapsed().as_secs();
    let mut paces = PACES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, pace)) = paces.iter_mut().find(|(known, _)| *known == code) {
        return pace.pass(second);
    }
    let mut pace = Pace::default();
    let passed = pace.pass(second);
    paces.push((code, pace));
    passed
}

#[derive(Debug, Default)]
struct Pace {
    second: u64,
    passed: u32,
    held_back: u64,
}

impl Pace {
    fn pass(&mut self, second: u64) -> Option<u64> {
        if self.second != second {
            (self.second, self.passed) = (second, 0);
        }
        if self.passed == EACH_SECOND {
            self.held_back += 1;
            return None;
        }
        self.passed += 1;
        Some(std::mem::take(&mut self.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_logged_ten_times_a_second_and_counted() {
        let mut pace = Pace::default();
        let passed =
            |pace: &mut Pace, second, events| (0..events).filter_map(|_| pace.pass(second)).collect::<Vec<_>>();
        assert_eq!(passed(&mut pace, 0, 3), [0; 3]);
        assert_eq!(passed(&mut pace, 0, 5000), [0; 7]);
        assert_eq!(pace.pass(7), Some(4993));
        assert_eq!(passed(&mut pace, 7, 2), [0; 2]);
    }
}
