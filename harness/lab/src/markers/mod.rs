//! Exercise markers: how one source tree is the solution, the starter and the proof at once.
//!
//! The reference is the only source tree that anybody edits. What a learner writes is marked in it, with comments
//! that the compiler never sees:
//!
//! ```text
//! pub fn limit_check(len: u32, max: u32) -> Result<(), FrameError> {
//!     // lab:hole framing.reject-oversize
//!     if len > max { return Err(FrameError::TooLarge { len, max }); }
//!     Ok(())
//!     // lab:stub todo!("framing.reject-oversize: refuse the length before allocating")
//!     // lab:end
//! }
//! ```
//!
//! and in a Markdown deliverable the same words inside `<!-- … -->`. From that source four texts are rendered:
//!
//! | rendering | what becomes of a hole | who reads it |
//! | --- | --- | --- |
//! | [`strip`] | its body, without the marker lines | the book |
//! | [`skeleton`] | its stub (in Markdown: a `<!-- write: … -->` prompt) | the learner |
//! | [`switched`] | a `match` over body, stub and every wrong variant, decided at run time | `prove-gates` |
//! | [`holes`] | a list: id, line, body, stub | checks, hints, the page of the day |
//!
//! Invariants: a Rust hole is the whole body of one function, so that any body that returns, loops or diverges can
//! be exchanged for any other; a hole holds no other hole; its id is unique in the file; its stub names the id, so
//! that a panic says which hole is open. Whatever breaks one of them is an error with its line and the fix, never a
//! guess. The switched text adds an allow attribute and a static to the function, so it is compiled and thrown away.

mod parse;
mod render;
mod rules;
mod switch;

pub use parse::{HoleText, Language, MarkerError, holes};
pub use render::{PROMPT, open_prompts, skeleton, strip, template};
pub use switch::{SKELETON, VARIANT_ENV, only, switched};

#[cfg(test)]
mod tests;
