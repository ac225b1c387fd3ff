//! Reads ahead on several threads; what was read is asked for in the AWS CLI's order.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use seal::digest::DIGEST_BYTES_MAX;

use super::buckets::Buckets;
use super::gunzip::LogHasher;
use super::logs::{Entry, Limits, Verdict};
use crate::store::{Object, Refusal};

/// Most digests that are read before the chain has led to them.
pub const DIGESTS_AHEAD_MAX: usize = 16;

/// What a thread keeps from one file to the next.
#[derive(Default)]
struct Desk {
    hasher: LogHasher,
    stored: Vec<u8>,
}

type Job<'a> = Box<dyn FnOnce(&mut Desk) + Send + 'a>;

/// Work that waits for a thread.
#[derive(Default)]
pub struct Jobs<'a> {
    waiting: Mutex<Waiting<'a>>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting<'a> {
    jobs: VecDeque<Job<'a>>,
    is_over: bool,
}

impl<'a> Jobs<'a> {
    /// Runs `drive` while `threads` others do what it adds; what is left when it returns is not done.
    pub fn with_threads<T>(&self, threads: usize, drive: impl FnOnce() -> T) -> T {
        thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| self.work());
            }
            let done = drive();
            let mut waiting = self.lock();
            waiting.is_over = true;
            waiting.jobs.clear();
            drop(waiting);
            self.changed.notify_all();
            done
        })
    }

    fn add(&self, job: Job<'a>) {
        self.lock().jobs.push_back(job);
        self.changed.notify_one();
    }

    fn work(&self) {
        let mut desk = Desk::default();
        while let Some(job) = self.next() {
            job(&mut desk);
        }
    }

    fn next(&self) -> Option<Job<'a>> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                return Some(job);
            }
            if waiting.is_over {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<'a>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is being read.
pub struct Ahead<'j, 'a> {
    jobs: &'j Jobs<'a>,
    buckets: Buckets<'a>,
    limits: Limits,
    /// Digests by bucket and key.
    digests: HashMap<(String, String), Receiver<Result<Object, Refusal>>>,
}

/// A log file's verdict, once it is there.
pub struct Pending(Receiver<Verdict>);

impl Pending {
    /// Waits for it.
    pub fn wait(self) -> Verdict {
        self.0.recv().unwrap_or_else(|_| Verdict::End("a thread that reads log files has ended".to_owned()))
    }
}

impl<'j, 'a> Ahead<'j, 'a> {
    /// Nothing is read yet.
    pub fn new(jobs: &'j Jobs<'a>, buckets: Buckets<'a>, limits: Limits) -> Ahead<'j, 'a> {
        Ahead { jobs, buckets, limits, digests: HashMap::new() }
    }

    /// Begins to check a log file.
    pub fn log(&self, entry: Entry) -> Pending {
        let (done, pending) = channel();
        let (buckets, limits) = (self.buckets, self.limits);
        self.jobs.add(Box::new(move |desk| {
            // Nobody waits any more when everything has ended.
            let _ = done.send(entry.check(&buckets, limits, &mut desk.hasher, &mut desk.stored));
        }));
        Pending(pending)
    }

    /// Begins to read the digests that the chain will probably lead to: the last ones of a list. Others are forgotten.
    pub fn expect(&mut self, bucket: &str, keys: &[String]) {
        let Some(store) = self.buckets.find(bucket) else { return };
        let next: Vec<&String> = keys.iter().rev().take(DIGESTS_AHEAD_MAX).collect();
        self.digests.retain(|(of, key), _| of == bucket && next.contains(&key));
        for key in next {
            let place = (bucket.to_owned(), key.clone());
            if self.digests.contains_key(&place) {
                continue;
            }
            let (done, pending) = channel();
            let key = key.clone();
            self.jobs.add(Box::new(move |_| {
                let _ = done.send(store.read(&key, DIGEST_BYTES_MAX));
            }));
            self.digests.insert(place, pending);
        }
    }

    /// A digest, which may be there already.
    pub fn digest(&mut self, bucket: &str, key: &str) -> Result<Object, Refusal> {
        let expected = self.digests.remove(&(bucket.to_owned(), key.to_owned()));
        if let Some(read) = expected.and_then(|pending| pending.recv().ok()) {
            return read;
        }
        self.buckets.find(bucket).map_or(Err(Refusal::NotFound), |store| store.read(key, DIGEST_BYTES_MAX))
    }
}
