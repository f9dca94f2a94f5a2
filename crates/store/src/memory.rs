//! Memory that long work took, given back to the system.
//!
//! A run or an import of many leads takes some hundred megabytes for seconds. The allocator of the GNU system keeps
//! what is freed in the middle of its arenas for the process, which then looks as large for the rest of its life; asked
//! to, it gives it back. Other allocators do so by themselves.

use std::time::Duration;

/// By then the caller has dropped what it asked for, too.
const PAUSE: Duration = Duration::from_secs(1);

/// Gives back what is free a moment from now, beside everything else. Called by long work when it is done.
pub(crate) fn give_back_soon() {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async {
            tokio::time::sleep(PAUSE).await;
            // Some milliseconds of work: not for an asynchronous thread.
            let _ = tokio::task::spawn_blocking(give_back).await;
        });
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "the one call that gives memory back; the standard library has none")]
fn give_back() {
    unsafe extern "C" {
        safe fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    malloc_trim(0);
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}
