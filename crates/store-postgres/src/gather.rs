//! Questions of one kind that are asked at the same time are answered together, by one statement.
//!
//! A question that finds few others at work is asked at once. One that comes while that many are under way waits for the
//! next of them, with all that come meanwhile: nobody waits for company, and the more ask, the less each costs. Where
//! those under way take long, more are begun, so that a large answer holds up what goes with it and nothing else. What is
//! answered is what was so after the question came.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use rollcall_store::StoreError;
use tokio::sync::oneshot;

/// Statements of one kind that are under way at the same time.
const AT_ONCE: usize = 2;
/// The same while a question waits for longer than [`LONG`].
const AT_MOST: usize = 8;
/// Many times what a statement takes.
const LONG: Duration = Duration::from_millis(20);
/// Questions of one statement, at most.
const MOST: usize = 64;

/// Answers questions, each with an answer of its own, in their order.
type Run<Q, A> = Box<dyn Fn(Vec<Q>) -> BoxFuture<'static, Vec<Result<A, StoreError>>> + Send + Sync>;
type Reply<A> = oneshot::Sender<Result<A, StoreError>>;

/// Where questions of one kind come together.
pub(crate) struct Gather<Q, A>(Arc<Shared<Q, A>>);

struct Shared<Q, A> {
    run: Run<Q, A>,
    state: Mutex<State<Q, A>>,
}

struct State<Q, A> {
    waiting: Vec<(Q, Reply<A>)>,
    under_way: usize,
}

impl<Q: Send + 'static, A: Send + 'static> Gather<Q, A> {
    /// `run` answers as many questions as it is given, in their order.
    pub(crate) fn new(
        run: impl Fn(Vec<Q>) -> BoxFuture<'static, Vec<Result<A, StoreError>>> + Send + Sync + 'static,
    ) -> Self {
        let state = Mutex::new(State { waiting: Vec::new(), under_way: 0 });
        Self(Arc::new(Shared { run: Box::new(run), state }))
    }

    /// The answer to a question.
    pub(crate) async fn ask(&self, question: Q) -> Result<A, StoreError> {
        let (reply, mut answer) = oneshot::channel();
        self.0.state.lock().waiting.push((question, reply));
        self.start(AT_ONCE);
        let answered = if let Ok(answered) = tokio::time::timeout(LONG, &mut answer).await {
            answered
        } else {
            self.start(AT_MOST);
            answer.await
        };
        answered.map_err(|_| StoreError::Unavailable("reading was given up".to_owned()))?
    }

    /// Begins one more if something waits and fewer than this are under way.
    fn start(&self, most: usize) {
        let mut state = self.0.state.lock();
        if state.waiting.is_empty() || state.under_way >= most {
            return;
        }
        state.under_way += 1;
        drop(state);
        // Of its own: whoever asked may go away, and others wait for the same statement.
        tokio::spawn(Worker { shared: Arc::clone(&self.0), counts: true }.work());
    }
}

/// One of those that are under way.
struct Worker<Q, A> {
    shared: Arc<Shared<Q, A>>,
    /// Whether it still counts.
    counts: bool,
}

impl<Q, A> Worker<Q, A> {
    async fn work(mut self) {
        while let Some(taken) = self.take() {
            let (questions, replies): (Vec<Q>, Vec<Reply<A>>) = taken.into_iter().unzip();
            let answers = (self.shared.run)(questions).await;
            for (reply, answer) in replies.into_iter().zip(answers) {
                // Whoever asked may have gone.
                let _ = reply.send(answer);
            }
        }
    }

    /// What waits; where nothing does, it ends with the same look, so that what comes next finds it gone.
    fn take(&mut self) -> Option<Vec<(Q, Reply<A>)>> {
        let mut state = self.shared.state.lock();
        if state.waiting.is_empty() {
            state.under_way -= 1;
            self.counts = false;
            return None;
        }
        let some = state.waiting.len().min(MOST);
        Some(state.waiting.drain(..some).collect())
    }
}

impl<Q, A> Drop for Worker<Q, A> {
    /// If it died in the middle, those who nobody else will answer are refused rather than forgotten.
    fn drop(&mut self) {
        if !self.counts {
            return;
        }
        let mut state = self.shared.state.lock();
        state.under_way -= 1;
        if state.under_way == 0 {
            state.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    /// Doubles numbers when it is let; 13 is no number, and 666 the end of whoever is asked.
    fn doubling(gate: &Arc<Semaphore>, asked: &Arc<Mutex<Vec<usize>>>) -> Gather<u64, u64> {
        let (gate, asked) = (Arc::clone(gate), Arc::clone(asked));
        Gather::new(move |numbers: Vec<u64>| {
            let (gate, asked) = (Arc::clone(&gate), Arc::clone(&asked));
            async move {
                gate.acquire().await.expect("it is never closed").forget();
                asked.lock().push(numbers.len());
                assert!(!numbers.contains(&666));
                let answer = |number| match number {
                    13 => Err(StoreError::NotFound),
                    number => Ok(2 * number),
                };
                numbers.into_iter().map(answer).collect()
            }
            .boxed()
        })
    }

    #[tokio::test]
    async fn what_comes_meanwhile_goes_together_and_each_gets_its_own_answer() {
        let (gate, asked) = (Arc::new(Semaphore::new(0)), Arc::default());
        let gather = doubling(&gate, &asked);
        let questions = join_all((0..100).map(|number| gather.ask(number)));
        let later = async {
            tokio::task::yield_now().await;
            gate.add_permits(1_000);
        };
        let (answers, ()) = futures_util::future::join(questions, later).await;
        for (number, answer) in (0..).zip(answers) {
            let expected = if number == 13 { Err(StoreError::NotFound) } else { Ok(2 * number) };
            assert_eq!(answer, expected);
        }
        assert!(asked.lock().iter().all(|&some| some <= MOST), "{asked:?}");
        assert!(asked.lock().len() <= 4, "{asked:?}");
        // Nobody waits for company.
        assert_eq!(gather.ask(7).await, Ok(14));
        assert_eq!(asked.lock().last(), Some(&1));
    }

    #[tokio::test]
    async fn whoever_asked_may_go_and_the_others_are_answered() {
        let (gate, asked) = (Arc::new(Semaphore::new(0)), Arc::default());
        let gather = doubling(&gate, &asked);
        let (mut first, mut second) = (Box::pin(gather.ask(1)), Box::pin(gather.ask(2)));
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        drop(first);
        gate.add_permits(1_000);
        assert_eq!(second.await, Ok(4));
    }

    #[tokio::test]
    async fn nobody_waits_long_for_others_whose_answers_take_long() {
        let endless = |numbers: Vec<u64>| {
            async move {
                if numbers.contains(&0) {
                    std::future::pending::<()>().await;
                }
                numbers.into_iter().map(Ok).collect()
            }
            .boxed()
        };
        let gather: Gather<u64, u64> = Gather::new(endless);
        let gather = Arc::new(gather);
        for _ in 1..AT_MOST {
            let one = Arc::clone(&gather);
            tokio::spawn(async move { one.ask(0).await });
            // By then it is under way, alone.
            tokio::time::sleep(LONG * 3).await;
            let answer = tokio::time::timeout(LONG * 100, gather.ask(7)).await;
            assert_eq!(answer, Ok(Ok(7)));
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_one_that_died() {
        let (gate, asked) = (Arc::new(Semaphore::new(1_000)), Arc::default());
        let gather = doubling(&gate, &asked);
        for number in [1, 666, 666, 666, 2] {
            let answer = gather.ask(number).await;
            assert_eq!(answer.ok(), (number != 666).then_some(2 * number));
        }
    }
}
