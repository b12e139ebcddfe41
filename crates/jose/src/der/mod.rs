//! The few DER structures that keys are kept in, read strictly and written plainly.

mod oid;
pub(crate) mod pem;
mod private;
mod public;
mod read;
mod write;

pub(crate) use private::{read_private, write_private};
pub(crate) use public::{is_public_key, read_public, write_public};
