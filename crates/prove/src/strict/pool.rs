//! Threads that share two kinds of work: cells, and the reads inside of one cell.
//!
//! Every thread takes what is there: first reads that some cell is waiting for, else the next cell. Many small cells so run beside each
//! other, and one large cell has all threads. A thread that works on a cell only ever waits for reads, and reads wait for
//! nothing, so nothing can wait in a circle.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::content::Scratch;

/// Most items that a thread takes at once.
const TAKEN_AT_ONCE_MAX: usize = 16;
/// Most threads; more only wait for each other.
pub(super) const THREADS_MAX: usize = 1024;

/// What a thread waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cells,
    Reads,
}

/// The threads' common list of work.
pub(super) struct Pool<'env> {
    threads: usize,
    work: Mutex<Work<'env>>,
    changed: Condvar,
}

#[derive(Default)]
struct Work<'env> {
    cells: VecDeque<Arc<dyn Batch<'env> + 'env>>,
    reads: VecDeque<Arc<dyn Batch<'env> + 'env>>,
    is_over: bool,
}

/// Items that are worked on by whoever has time.
trait Batch<'env>: Send + Sync {
    /// Does some; `false` when none are left to be taken.
    fn step(&self, pool: &Pool<'env>, scratch: &mut Scratch) -> bool;

    /// Whether any are left to be taken.
    fn has_more(&self) -> bool;
}

/// Items, what is done with each, and what it gave.
struct Items<T, R, F> {
    items: Arc<Vec<T>>,
    work: F,
    step: usize,
    next: AtomicUsize,
    done: Mutex<Done<R>>,
    all_done: Condvar,
}

struct Done<R> {
    count: usize,
    results: Vec<(usize, Vec<R>)>,
}

/// Counts items as done even if the work on them panics: who waits for them must not wait forever.
struct Counting<'a, T, R, F> {
    items: &'a Items<T, R, F>,
    from: usize,
    count: usize,
    results: Vec<R>,
}

impl<'env> Pool<'env> {
    pub(super) fn new(threads: usize) -> Pool<'env> {
        Pool { threads: threads.clamp(1, THREADS_MAX), work: Mutex::default(), changed: Condvar::new() }
    }

    /// Runs `main` on this thread while all others do what it hands out.
    pub(super) fn run<R>(&self, main: impl FnOnce(&Self) -> R) -> R {
        std::thread::scope(|scope| {
            for _ in 1..self.threads {
                scope.spawn(|| self.help(&mut Scratch::default()));
            }
            let _over = Over { pool: self };
            main(self)
        })
    }

    /// Works on cells, each on one thread, beside each other.
    pub(super) fn cells<T, R>(
        &self,
        cells: Arc<Vec<T>>,
        work: impl Fn(&Pool<'env>, &mut Scratch, &T) -> R + Send + Sync + 'env,
    ) -> Vec<R>
    where
        T: Send + Sync + 'env,
        R: Send + 'env,
    {
        self.all(Kind::Cells, cells, &mut Scratch::default(), work)
    }

    /// Does reads on all threads that have time, this one among them; results stand in the order of the items. `work` hands out no work.
    pub(super) fn reads<T, R>(
        &self,
        scratch: &mut Scratch,
        items: Arc<Vec<T>>,
        work: impl Fn(&mut Scratch, &T) -> R + Send + Sync + 'env,
    ) -> Vec<R>
    where
        T: Send + Sync + 'env,
        R: Send + 'env,
    {
        self.all(Kind::Reads, items, scratch, move |_, scratch, item| work(scratch, item))
    }

    fn all<T, R>(
        &self,
        kind: Kind,
        items: Arc<Vec<T>>,
        scratch: &mut Scratch,
        work: impl Fn(&Pool<'env>, &mut Scratch, &T) -> R + Send + Sync + 'env,
    ) -> Vec<R>
    where
        T: Send + Sync + 'env,
        R: Send + 'env,
    {
        if items.len() < 2 || self.threads == 1 {
            return items.iter().map(|item| work(self, scratch, item)).collect();
        }
        let step = if kind == Kind::Cells { 1 } else { (items.len() / (4 * self.threads)).clamp(1, TAKEN_AT_ONCE_MAX) };
        let batch = Arc::new(Items::new(items, work, step));
        self.offer(kind, batch.clone());
        while batch.step(self, scratch) {}
        self.withdraw(kind);
        // INVARIANT: what is left of this batch is being done by others and waits for nothing but itself.
        batch.wait()
    }

    fn offer(&self, kind: Kind, batch: Arc<dyn Batch<'env> + 'env>) {
        let mut work = self.lock();
        work.of(kind).push_back(batch);
        drop(work);
        self.changed.notify_all();
    }

    /// Takes batches of which nothing is left from the list.
    fn withdraw(&self, kind: Kind) {
        let mut work = self.lock();
        work.of(kind).retain(|batch| batch.has_more());
    }

    /// What threads do that have nothing of their own.
    fn help(&self, scratch: &mut Scratch) {
        while let Some((kind, batch)) = self.next() {
            if !batch.step(self, scratch) {
                self.withdraw(kind);
            }
        }
    }

    /// Waits for work; `None` when there will be none.
    fn next(&self) -> Option<(Kind, Arc<dyn Batch<'env> + 'env>)> {
        let mut work = self.lock();
        loop {
            if work.is_over {
                return None;
            }
            // In turn, so that no cell waits for all others.
            if let Some(batch) = work.reads.pop_front() {
                work.reads.push_back(batch.clone());
                return Some((Kind::Reads, batch));
            }
            if let Some(batch) = work.cells.front() {
                return Some((Kind::Cells, batch.clone()));
            }
            work = self.changed.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Work<'env>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'env> Work<'env> {
    fn of(&mut self, kind: Kind) -> &mut VecDeque<Arc<dyn Batch<'env> + 'env>> {
        match kind {
            Kind::Cells => &mut self.cells,
            Kind::Reads => &mut self.reads,
        }
    }
}

/// Ends the threads, whatever ends the main one.
struct Over<'a, 'env> {
    pool: &'a Pool<'env>,
}

impl Drop for Over<'_, '_> {
    fn drop(&mut self) {
        self.pool.lock().is_over = true;
        self.pool.changed.notify_all();
    }
}

impl<T, R, F> Items<T, R, F> {
    fn new(items: Arc<Vec<T>>, work: F, step: usize) -> Self {
        let done = Mutex::new(Done { count: 0, results: Vec::new() });
        Items { items, work, step, next: AtomicUsize::new(0), done, all_done: Condvar::new() }
    }

    fn wait(&self) -> Vec<R> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        while done.count < self.items.len() {
            done = self.all_done.wait(done).unwrap_or_else(PoisonError::into_inner);
        }
        let mut results = std::mem::take(&mut done.results);
        results.sort_unstable_by_key(|(from, _)| *from);
        results.into_iter().flat_map(|(_, results)| results).collect()
    }
}

impl<'env, T, R, F> Batch<'env> for Items<T, R, F>
where
    T: Send + Sync,
    R: Send,
    F: Fn(&Pool<'env>, &mut Scratch, &T) -> R + Send + Sync,
{
    fn step(&self, pool: &Pool<'env>, scratch: &mut Scratch) -> bool {
        let from = self.next.fetch_add(self.step, Ordering::Relaxed);
        let Some(rest) = self.items.get(from..).filter(|rest| !rest.is_empty()) else { return false };
        let taken = rest.get(..self.step).unwrap_or(rest);
        let mut counting = Counting { items: self, from, count: taken.len(), results: Vec::with_capacity(taken.len()) };
        for item in taken {
            counting.results.push((self.work)(pool, scratch, item));
        }
        true
    }

    fn has_more(&self) -> bool {
        self.next.load(Ordering::Relaxed) < self.items.len()
    }
}

impl<T, R, F> Drop for Counting<'_, T, R, F> {
    fn drop(&mut self) {
        let mut done = self.items.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.count += self.count;
        done.results.push((self.from, std::mem::take(&mut self.results)));
        if done.count >= self.items.items.len() {
            self.items.all_done.notify_all();
        }
    }
}
