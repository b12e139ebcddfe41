//! Any text as a JWK Set: no panic, no secret among public keys, no name twice.
#![no_main]

use jotgate_jose::{Algorithm, KeySet, VerifyingKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &str| {
    let Ok(set) = KeySet::from_json_for(json, &[Algorithm::Rs256, Algorithm::Hs256]) else { return };
    let symmetric = set.keys().iter().filter(|key| key.algorithm().is_symmetric()).count();
    assert!(symmetric == 0 || symmetric == set.len());
    let mut kids: Vec<_> = set.keys().iter().filter_map(VerifyingKey::kid).collect();
    let count = kids.len();
    kids.sort_unstable();
    kids.dedup();
    assert_eq!(kids.len(), count);
    if let Ok(written) = set.to_json() {
        assert_eq!(KeySet::from_json(&written).expect("what we write we read").len(), set.len());
    }
});
