//! The command line: reads arguments, environment and clock, opens a home, and calls the library crates.
//!
//! One verb is one file under `verbs/`; its doc comment is its manual. `output` is the only module that writes to the
//! terminal, `settings` the only one that reads the environment, `outside` the only one that reads the clock, `exit` the only
//! one that turns an error into a text and an exit code.

mod arguments;
mod verbs;

mod progress;
mod rows;

mod ask;
mod collecting;
mod detecting;
mod documents;
mod lakes;
mod live;
mod private;
mod replayed;
mod results_key;
mod sampling;
mod sealing;
mod standing;

mod figures;
mod output;
mod outside;
mod settings;
mod when;

mod exit;

use clap::Parser;

use arguments::Arguments;
use exit::{Exit, Failure};
use settings::{Context, Environment};

/// Memory that is free goes back to the system, so that a collection of days needs no more of it than one of minutes.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Threads that may wait for a disk. The allocator keeps memory apart for every thread, so that a few hundred of them would triple
/// what a collection needs.
const BLOCKING_THREADS_MAX: usize = 4;

fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let environment = Environment::of_process();
    outside::start_logging(environment.get("TRAILKEEP_LOG"));
    let done = Context::new(&arguments.place, environment).and_then(|context| run(arguments, &context));
    exit::report(done)
}

fn run(arguments: Arguments, context: &Context) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(context.threads)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .enable_all()
        .build()
        .map_err(|source| Failure::Io { doing: "starting the runtime".to_owned(), source })?;
    let done = runtime.block_on(verbs::run(arguments.verb, context));
    // Reads of standard input cannot be cancelled; nobody waits for them.
    runtime.shutdown_background();
    done
}
