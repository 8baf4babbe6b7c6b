//! Runs a workflow's futures on the calling thread, in the order in which they were woken.

use std::{
    any::Any,
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use super::state::Task;

/// The woken tasks, each once.
#[derive(Default)]
struct Ready(Mutex<VecDeque<u64>>);

impl Ready {
    fn push(&self, task: u64) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !queue.contains(&task) {
            queue.push_back(task);
        }
    }

    fn pop(&self) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

struct TaskWaker {
    task: u64,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.push(self.task);
    }
}

/// The futures of one run.
#[derive(Default)]
pub(crate) struct Executor {
    ready: Arc<Ready>,
    tasks: BTreeMap<u64, (Task, Waker)>,
    next: u64,
}

impl Executor {
    /// Adds a future; it runs with the next [`Executor::step`].
    pub(crate) fn spawn(&mut self, task: Task) {
        let id = self.next;
        self.next += 1;
        let waker = Waker::from(Arc::new(TaskWaker { task: id, ready: self.ready.clone() }));
        self.tasks.insert(id, (task, waker));
        self.ready.push(id);
    }

    /// Polls the task that was woken first; whether there was one. A panic is the error.
    pub(crate) fn step(&mut self) -> Result<bool, String> {
        let Some(id) = self.ready.pop() else {
            return Ok(false);
        };
        let Some((task, waker)) = self.tasks.get_mut(&id) else {
            return Ok(true);
        };
        let mut cx = Context::from_waker(waker);
        match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut cx))) {
            Ok(Poll::Pending) => Ok(true),
            Ok(Poll::Ready(())) => {
                self.tasks.remove(&id);
                Ok(true)
            }
            Err(panic) => Err(panic_text(&*panic)),
        }
    }

    /// Drops all futures.
    pub(crate) fn clear(&mut self) {
        self.tasks.clear();
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a message".to_owned())
}
