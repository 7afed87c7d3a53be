//! Where descriptors are handed to the kernel without a borrow that the compiler can follow.
//!
//! A poller keeps descriptors for longer than one call, and does not own them: the loop does. Rust's borrows cannot say
//! "until it is removed", so the contract of [`Poller`](super::Poller) says it instead: **a descriptor is removed before
//! it is closed**. Both functions here lean on that and on nothing else.
//!
//! What a caller who breaks it gets: `poll` answers `POLLNVAL` for a number that is closed, `select` fails with `EBADF`,
//! and both report the readiness of whatever carries the number by then. Memory is never at stake, since the kernel
//! looks a number up in its own table.
#![allow(
    unsafe_code,
    reason = "I/O safety over time is promised by the poller's contract, not by a lifetime"
)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::event::{FdSetElement, Timespec};

use super::set::{DescriptorSet, WORDS};

/// The same descriptor, borrowed until its owner removes it from the poller.
pub(super) fn until_removed(fd: BorrowedFd<'_>) -> BorrowedFd<'static> {
    // SAFETY: The number is that of an open descriptor now (it came as a borrow), and contract 4 keeps it open for as
    // long as the poller holds the result.
    unsafe { BorrowedFd::borrow_raw(fd.as_raw_fd()) }
}

// A set made of words and one made of the kernel's elements are the same bytes.
const _: () = assert!(size_of::<usize>() == size_of::<FdSetElement>());
const _: () = assert!(align_of::<usize>() == align_of::<FdSetElement>());

fn elements(words: &mut [usize; WORDS]) -> &mut [FdSetElement] {
    // SAFETY: `FdSetElement` is a transparent wrapper of `c_ulong`, which has the size and the alignment of `usize` as
    // asserted above; every bit pattern is valid for both, and the borrow keeps its length and its lifetime.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), WORDS) }
}

/// Calls `select` and returns how many bits are set in the two sets, which hold the answer afterwards.
///
/// The third set, "exceptional", stays away: on Linux it means urgent TCP data, which nobody here sends.
///
/// # Errors
/// What `select` reports. The sets are then undefined.
pub(super) fn select(
    end: usize,
    readable: &mut DescriptorSet,
    writable: &mut DescriptorSet,
    timeout: Option<&Timespec>,
) -> io::Result<usize> {
    debug_assert!(end <= WORDS * usize::BITS as usize, "the kernel would look beyond the sets");
    let (readable, writable) = (elements(readable.words_mut()), elements(writable.words_mut()));
    // SAFETY: Every number in the sets was an open descriptor when it was added, and contract 4 removes it before it is
    // closed. That the sets are long enough for `end` is checked by the callee as well.
    let bits = unsafe { rustix::event::select(end as i32, Some(readable), Some(writable), None, timeout) }?;
    Ok(bits as usize)
}
