//! A signal for one thread. The safe ways of sending one address the process, and the kernel then prefers its first
//! thread, which in a test is not the one that waits.
#![allow(unsafe_code, reason = "std and rustix have no safe call that signals a thread")]

use std::ffi::c_int;
use std::io;
use std::os::unix::thread::{JoinHandleExt, RawPthread};
use std::thread::JoinHandle;

unsafe extern "C" {
    /// POSIX `pthread_kill`, from the C library that std is linked with.
    fn pthread_kill(thread: RawPthread, signal: c_int) -> c_int;
}

/// Sends a signal, for which the process has a handler, to a thread that nobody has joined yet.
pub(super) fn send<T>(thread: &JoinHandle<T>, signal: c_int) -> io::Result<()> {
    // SAFETY: The handle is borrowed, so the thread is neither joined nor detached and its id is valid, also after its
    // end. The call reads its two arguments and no memory of ours.
    match unsafe { pthread_kill(thread.as_pthread_t(), signal) } {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}
