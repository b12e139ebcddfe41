//! Strict JSON objects, read in one pass without building a tree.
//!
//! What is stricter than most parsers, because two readers of one token must never see two different things:
//! a member name that occurs twice is refused at every level, also when one of the two is spelt with escapes;
//! lone surrogates are refused, and so are numbers that no double holds; nesting is bounded; nothing may follow the object.

mod error;
mod lean;
mod names;
mod number;
mod object;
mod read;
mod scan;
mod text;

pub(crate) use lean::{Found, Members};
pub(crate) use number::NumericDate;
pub(crate) use object::{Kind, Object, Value, each_claim};
pub(crate) use read::from_plain;
pub(crate) use text::Text;
