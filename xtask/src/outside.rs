//! Clock, environment and folders: the only module here that reads them.
#![expect(clippy::disallowed_methods, reason = "a chore is a binary: it reads its own clock and environment")]

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

/// A folder for sets and homes.
pub fn scratch() -> PathBuf {
    env::temp_dir().join("trailkeep-bench")
}

/// The trailkeep that stands beside this program: both are built into the same folder.
pub fn binary() -> PathBuf {
    env::current_exe().unwrap_or_default().with_file_name("trailkeep")
}

/// This program itself.
pub fn this_program() -> PathBuf {
    env::current_exe().unwrap_or_default()
}

/// Ticks of a second in `/proc` (USER_HZ), on every Linux that Rust runs on.
const TICKS_PER_S: f64 = 100.0;

/// Seconds of processor time that a process has used, as Linux tells it; 0 elsewhere.
pub fn process_cpu_s(id: u32) -> f64 {
    let told = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The program's name, in parentheses, may hold anything.
    let rest = told.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks = rest.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS_PER_S
}

/// The Python environment that `./test` makes.
pub fn python() -> PathBuf {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from);
    let caches = || folder("XDG_CACHE_HOME").or_else(|| env::home_dir().map(|home| home.join(".cache"))).unwrap_or_default();
    let cache = folder("TRAILKEEP_CACHE").unwrap_or_else(|| caches().join("trailkeep"));
    cache.join("python/bin/python")
}

/// Seconds of processor time that this thread has used; where the system does not tell, seconds since `start`.
pub fn thread_cpu_s(start: Instant) -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds as f64 / 1e9)
}

/// Now.
pub fn now() -> Instant {
    Instant::now()
}

/// The load of the machine over the last minute, as the system tells it.
pub fn load() -> String {
    let told = fs::read_to_string("/proc/loadavg").ok();
    told.and_then(|text| text.split(' ').next().map(str::to_owned)).unwrap_or_else(|| "unknown".to_owned())
}

/// Processors that this program may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
