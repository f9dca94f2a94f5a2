//! What planning and verifying need beyond input and output. A program of its own, because it counts every byte.

#[path = "../benches/counting/mod.rs"]
mod counting;

use allot::shapes;

const MIB: usize = 1 << 20;
const BEYOND_INPUT_AND_OUTPUT_MIB_MAX: usize = 64;

#[test]
fn a_million_leads_need_little_memory() {
    let shapes = shapes::table().into_iter().chain(shapes::hostile());
    for shape in shapes {
        let instance = (shape.build)();
        let (_plan, bytes) = counting::plan_and_verify(&instance);
        println!("{:6.2} MiB: {}", bytes as f64 / MIB as f64, shape.name);
        assert!(bytes <= BEYOND_INPUT_AND_OUTPUT_MIB_MAX * MIB, "{bytes} bytes: {}", shape.name);
    }
}
