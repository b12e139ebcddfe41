//! Which log-ins come from a device that a person has not used before.

/// A device as sessions know it: the name that a client gave it, and its `User-Agent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenDevice {
    pub(crate) name: Option<String>,
    pub(crate) user_agent: Option<String>,
}

/// Whether a device is new to a person who has used these. The first of all is not: nobody has to be told that they have just
/// opened an account.
pub(crate) fn is_new(device: &SeenDevice, seen: &[SeenDevice]) -> bool {
    !seen.is_empty() && !seen.iter().any(|known| alike(known, device))
}

/// Numbers do not count: a browser changes them with every update.
fn alike(one: &SeenDevice, other: &SeenDevice) -> bool {
    let without_numbers = |text: &Option<String>| -> String {
        text.iter().flat_map(|text| text.chars()).filter(|c| !c.is_ascii_digit() && *c != '.').collect()
    };
    one.name == other.name && without_numbers(&one.user_agent) == without_numbers(&other.user_agent)
}

#[cfg(test)]
mod tests {
    use super::{SeenDevice, is_new};

    fn device(name: Option<&str>, user_agent: Option<&str>) -> SeenDevice {
        SeenDevice { name: name.map(str::to_owned), user_agent: user_agent.map(str::to_owned) }
    }

    #[test]
    fn a_device_is_new_when_none_like_it_was_seen() {
        let firefox = device(None, Some("Mozilla/5.0 (X11; Linux) Firefox/142.0"));
        let updated = device(None, Some("Mozilla/5.0 (X11; Linux) Firefox/143.0.1"));
        let phone = device(None, Some("Mozilla/5.0 (iPhone) Safari/604.1"));
        let named = device(Some("Ada's laptop"), Some("Mozilla/5.0 (X11; Linux) Firefox/142.0"));
        let nothing = device(None, None);
        for (seen, device, expected) in [
            (vec![], &phone, false),
            (vec![firefox.clone()], &firefox, false),
            (vec![firefox.clone()], &updated, false),
            (vec![firefox.clone()], &phone, true),
            (vec![firefox.clone(), phone.clone()], &phone, false),
            (vec![firefox.clone()], &named, true),
            (vec![firefox.clone()], &nothing, true),
            (vec![nothing.clone()], &nothing, false),
        ] {
            assert_eq!(is_new(device, &seen), expected, "{device:?} among {seen:?}");
        }
    }
}
