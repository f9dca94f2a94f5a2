//! An allocator that counts: what a plan needs beyond its input and output, to the byte and the same on every machine.
//! Resident memory says less: what building the input gave back is taken again without being seen.

#![allow(unsafe_code)] // the trait of allocators is unsafe; every call is passed on as it came

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use allot::{Instance, Plan};

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // Old and new may both exist while one is copied to the other.
        grown(bytes);
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.realloc(memory, layout, bytes) }
    }
}

fn grown(bytes: usize) {
    PEAK.fetch_max(LIVE.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

/// Plans and verifies; says how many bytes that took at most, beside the instance and the plan itself. Only one thread
/// may be at work.
pub fn plan_and_verify(instance: &Instance) -> (Plan, usize) {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let plan = measured(instance);
    let output = LIVE.load(Relaxed) - before;
    (plan, PEAK.load(Relaxed) - before - output)
}

/// What bench/instructions counts, by this name.
#[inline(never)]
fn measured(instance: &Instance) -> Plan {
    let plan = allot::plan(instance).expect("the shapes are good instances");
    allot::verify(instance, &plan).expect("the plan is optimal");
    plan
}
