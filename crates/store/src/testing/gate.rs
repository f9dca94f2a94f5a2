//! A gate in the way of long work.

use crate::{Store, work::WorkId};
use domain::progress::Step;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};

/// Work of a store that is held at a step, each time it takes it, until the test lets it go on.
pub struct Gate {
    came: mpsc::UnboundedReceiver<WorkId>,
    places: Arc<Semaphore>,
}

impl Gate {
    /// Holds whatever takes this step from now on.
    pub fn at(store: &Store, step: Step) -> Gate {
        let (tell, came) = mpsc::unbounded_channel();
        let places = Arc::new(Semaphore::new(0));
        let gate = Arc::clone(&places);
        store.at_each_step(Some(Arc::new(move |work, taken| {
            let (gate, tell) = (Arc::clone(&gate), tell.clone());
            Box::pin(async move {
                if taken == step {
                    tell.send(work).expect("the test listens");
                    gate.acquire().await.expect("the gate stands").forget();
                }
            })
        })));
        Gate { came, places }
    }

    /// Waits until some work stands before the gate, and says which.
    pub async fn stopped(&mut self) -> WorkId {
        self.came.recv().await.expect("some work takes the step")
    }

    /// The same for a run.
    pub async fn stopped_run(&mut self) -> domain::ids::RunId {
        match self.stopped().await {
            WorkId::Run(run) => run,
            WorkId::Import(import) => panic!("import {import} takes the step, not a run"),
        }
    }

    /// Lets one pass.
    pub fn opens(&self) {
        self.places.add_permits(1);
    }
}
