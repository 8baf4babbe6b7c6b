//! What can wait in front of a run, and how it is answered.

use std::sync::Arc;

use steadfast_core::{
    Input, Run, RunId, Timestamp, UpdateId,
    event::UpdateRequest,
    input::{CompleteWorkflowTask, Reply, Start},
    run::{callback::Report, reset::ResetStart},
    start::CurrentRun,
};
use tokio::sync::oneshot;

use crate::{
    api::*,
    matching::Match,
    ports::{Expected, Sequence},
};

/// Where an answer goes. When it is dropped instead, the run's actor was lost: nothing is known.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, EngineError>>;

/// One thing that waits for a run's actor.
pub(crate) enum Request {
    /// Make the run.
    Open(Box<Open>),
    /// An input whose sender may wait for the reply.
    Input(Box<Input>, Option<Answer<Reply>>),
    /// A worker's answer to a workflow task, with the queries it answers.
    Complete(Box<CompleteWorkflowTask>, QueryAnswers, Answer<Completed>),
    /// An update, until the stage asked for.
    Update(Box<UpdateRequest>, UpdateWait, Answer<UpdateAnswer>),
    /// A poller met an offered task.
    Take(Box<Match>),
    /// A poller went away with the task it was given.
    GiveBack(Box<TaskToken>, TaskKind),
    /// One try of a completion callback ended.
    CalledBack(Box<Report>),
    /// A message to another run was answered for.
    Answered(Box<Answered>),
    /// Changes nothing.
    Read(Read),
}

/// What is asked of a run without changing it.
pub(crate) enum Read {
    /// The folded state.
    Describe(Answer<Arc<Run>>),
    /// What a start of the same workflow must know.
    Current(Answer<Current>),
    /// Events.
    History(HistoryRequest, Answer<HistoryPage>),
    /// A question to the workflow's code, and how long its asker waits.
    Query(Box<Query>, Timestamp, Answer<QueryAnswer>),
    /// The answer to a lone query.
    AnswerQuery(String, QueryAnswer, Answer<()>),
    /// A stage of an update that is there already.
    WaitUpdate(UpdateId, UpdateWait, Answer<UpdateAnswer>),
    /// Whether a closed run that owes nothing has removed itself: its time is over.
    Expire(Answer<bool>),
}

/// Makes a run, if the log says that the workflow id is free.
pub(crate) struct Open {
    pub(crate) begin: Begin,
    pub(crate) expected: Expected,
    /// An update that comes into being with the run, or neither does.
    pub(crate) update: Option<Companion>,
    pub(crate) answer: Answer<Opened>,
}

/// An update that goes with a start.
pub(crate) struct Companion {
    pub(crate) request: Box<UpdateRequest>,
    pub(crate) wait: UpdateWait,
    pub(crate) answer: Answer<UpdateAnswer>,
}

/// What a run is made from.
#[derive(Clone)]
pub(crate) enum Begin {
    /// A request, or another run's end.
    Start(Box<Start>),
    /// Another run's history.
    Reset(Box<ResetStart>),
}

impl Begin {
    /// Where its workflow tasks go.
    pub(crate) fn task_queue(&self) -> &str {
        match self {
            Self::Start(start) => start.request.task_queue.as_str(),
            Self::Reset(_) => "",
        }
    }
}

/// What became of an [`Open`].
#[derive(Debug)]
pub(crate) enum Opened {
    /// The run exists now; with its first workflow task, if the client takes that.
    Started(Option<Box<PolledWorkflowTask>>),
    /// This very run existed already.
    AlreadyThere,
    /// Another record of the workflow was written first.
    Taken,
}

/// What a start of the same workflow must know of the run that holds the id.
#[derive(Clone, Debug)]
pub(crate) struct Current {
    pub(crate) run: CurrentRun,
    pub(crate) sequence: Sequence,
    /// The run that follows is owed and not there yet.
    pub(crate) awaits_successor: bool,
    pub(crate) first_run_id: RunId,
}

/// A message to another run reached its end.
pub(crate) struct Answered {
    /// What the sender is told, if its state knows the message.
    pub(crate) input: Option<Input>,
}

impl Request {
    /// Answers that the request was not done; whoever does not wait is not told.
    pub(crate) fn refuse(self, error: EngineError) {
        match self {
            // An update that goes with it hears that the run's actor was lost.
            Self::Open(open) => answer(open.answer, Err(error)),
            Self::Input(_, Some(reply)) => answer(reply, Err(error)),
            Self::Complete(_, _, reply) => answer(reply, Err(error)),
            Self::Update(_, _, reply) | Self::Read(Read::WaitUpdate(_, _, reply)) => {
                answer(reply, Err(error));
            }
            Self::Input(_, None)
            | Self::Take(_)
            | Self::GiveBack(..)
            | Self::CalledBack(_)
            | Self::Answered(_) => {}
            Self::Read(Read::Describe(reply)) => answer(reply, Err(error)),
            Self::Read(Read::Current(reply)) => answer(reply, Err(error)),
            Self::Read(Read::History(_, reply)) => answer(reply, Err(error)),
            Self::Read(Read::Query(_, _, reply)) => answer(reply, Err(error)),
            Self::Read(Read::AnswerQuery(_, _, reply)) => answer(reply, Err(error)),
            Self::Read(Read::Expire(reply)) => answer(reply, Err(error)),
        }
    }
}

/// Answers; a caller that went away does not mind.
pub(crate) fn answer<T>(reply: Answer<T>, result: Result<T, EngineError>) {
    drop(reply.send(result));
}
