//! Following a queue: what is sent into it is in the lake moments later.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testbed::{Moto, TestHome};

use super::{BUCKET, asked, event, events, record};

/// How long a test waits at most; what is measured is printed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A collector that follows, ended with the test.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_event_is_in_the_lake_moments_later() {
    let Some(moto) = Moto::start("queue::an_event_is_in_the_lake_moments_later", BUCKET) else { return };
    let (queue, home) = (moto.queue("live"), TestHome::folder());
    let asked = asked(&moto, &home);
    asked.collect(&queue.source(), 0);
    let command = &mut asked.command(&["collect", &queue.source(), "--follow"]);
    let mut following = Following(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    for number in 1..=3 {
        let begin = Instant::now();
        queue.send(&[event("AWS API Call via CloudTrail", &record(number))]);
        while events(&asked) < u64::from(number) {
            assert!(begin.elapsed() < PATIENCE, "the event is not in the lake");
        }
        println!("from the queue into the lake, and asked: {:.2} s", begin.elapsed().as_secs_f64());
    }
    let killed = Command::new("kill").args(["-TERM", &following.0.id().to_string()]).status().unwrap();
    assert!(killed.success(), "it was told to stop");
    let begin = Instant::now();
    let code = following.0.wait().unwrap().code();
    assert_eq!(code, Some(130), "stopped");
    println!("stopped after {:.2} s", begin.elapsed().as_secs_f64());
    assert_eq!(queue.left(), (0, 0));
}
