//! Following a queue: what is sent into it is in the lake moments later.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testbed::{Moto, TestHome};

use super::{BUCKET, asked, event, events, record};
use crate::asked::Asked;
use crate::organization::now_s;
use crate::receiver::{Do, Receiver};

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

impl Following {
    fn start(asked: &Asked, arguments: &[&str]) -> Following {
        let command = &mut asked.command(arguments);
        Following(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Stops it as a service manager does.
    fn stop(mut self) {
        let killed = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        assert!(killed.success(), "it was told to stop");
        let begin = Instant::now();
        assert_eq!(self.0.wait().unwrap().code(), Some(130), "stopped");
        println!("stopped after {:.2} s", begin.elapsed().as_secs_f64());
    }
}

#[test]
fn an_event_is_in_the_lake_moments_later() {
    let Some(moto) = Moto::start("queue::an_event_is_in_the_lake_moments_later", BUCKET) else { return };
    let (queue, home) = (moto.queue("live"), TestHome::folder());
    let asked = asked(&moto, &home);
    asked.collect(&queue.source(), 0);
    let following = Following::start(&asked, &["collect", &queue.source(), "--follow"]);
    for number in 1..=3 {
        let begin = Instant::now();
        queue.send(&[event("AWS API Call via CloudTrail", &record(number))]);
        while events(&asked) < u64::from(number) {
            assert!(begin.elapsed() < PATIENCE, "the event is not in the lake");
        }
        println!("from the queue into the lake, and asked: {:.2} s", begin.elapsed().as_secs_f64());
    }
    following.stop();
    assert_eq!(queue.left(), (0, 0));
}

#[test]
fn a_webhook_is_called_moments_later() {
    let Some(moto) = Moto::start("queue::a_webhook_is_called_moments_later", BUCKET) else { return };
    let (queue, home, receiver) = (moto.queue("told"), TestHome::folder(), Receiver::start(|_| Do::Take));
    let asked = asked(&moto, &home);
    let hook = format!("webhook={}", receiver.url());
    let following = Following::start(&asked, &["collect", &queue.source(), "--follow", "--tell", &hook]);
    // The first one also waits for the collector to be up.
    let mut times = Vec::new();
    for number in 1..=4 {
        let begin = Instant::now();
        let mut record = record(number);
        record["eventTime"] = chrono::DateTime::from_timestamp(now_s(), 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string().into();
        // Findings are grouped by the trail that is stopped.
        record["requestParameters"]["name"] = format!("trail-{number}").into();
        queue.send(&[event("AWS API Call via CloudTrail", &record)]);
        let told = |number: u32| {
            let text = format!("trail-{number}");
            receiver.messages().iter().any(|message| message.taken && String::from_utf8_lossy(&message.body).contains(&text))
        };
        while !told(number) {
            assert!(begin.elapsed() < PATIENCE, "the webhook is not called");
            std::thread::sleep(Duration::from_millis(10));
        }
        times.push(begin.elapsed().as_secs_f64());
        println!("from the queue to the webhook: {:.2} s", begin.elapsed().as_secs_f64());
    }
    following.stop();
    let slowest = times.iter().skip(1).copied().fold(0.0, f64::max);
    println!("from the queue to the webhook, slowest of those that found the collector up: {slowest:.2} s");
    assert!(receiver.taken().values().all(|count| *count == 1), "each once: {:?}", receiver.taken());
}
