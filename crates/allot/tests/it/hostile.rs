//! Shapes chosen to go wrong, and the shapes of the benchmark in full size.

use allot::shapes;

use crate::score::solve;

#[test]
fn hostile_shapes_are_planned_and_proved() {
    for shape in shapes::hostile() {
        let instance = (shape.build)();
        let plan = solve(&instance);
        let leads = instance.leads() as u64;
        assert_eq!(plan.assigned() + plan.kept() + plan.unassigned(), leads, "{}", shape.name);
    }
}

#[test]
fn the_shapes_of_the_table_are_planned_and_proved() {
    for shape in shapes::table() {
        solve(&(shape.build)());
    }
}

#[test]
fn nobody_keeps_a_lead_when_anyone_else_may_have_it() {
    let plan = solve(&(shapes::table()[2].build)());
    assert_eq!((plan.kept(), plan.unassigned()), (0, 0));
    assert!(plan.agents.iter().all(|agent| agent.new == 1_000));
}
