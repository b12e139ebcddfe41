//! What was wrong with a JSON text, and where.

use core::fmt;

/// The text is not a JSON object that this crate accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonError {
    pub(crate) fault: Fault,
    /// The byte at which it was noticed.
    pub(crate) at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Something else stood where this was expected.
    Expected(&'static str),
    /// A member name occurs twice in one object.
    Duplicate,
    /// Objects and arrays are nested too deep.
    TooDeep,
    /// A `\u` escape names half of a surrogate pair.
    LoneSurrogate,
    /// A number is beyond the range of a double.
    TooGreat,
    /// The text goes on after the object.
    Trailing,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            Fault::Expected(what) => write!(f, "no {what}")?,
            Fault::Duplicate => f.write_str("a member name that occurs twice")?,
            Fault::TooDeep => f.write_str("objects or arrays nested too deep")?,
            Fault::LoneSurrogate => f.write_str("an escape for half a surrogate pair")?,
            Fault::TooGreat => f.write_str("a number beyond the range of a double")?,
            Fault::Trailing => f.write_str("more text after the object")?,
        }
        write!(f, " at byte {}", self.at)
    }
}
