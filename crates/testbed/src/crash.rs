//! Kills a program inside a stage: starts it with `--progress json`, waits for the stage to begin, waits a little longer, and
//! sends SIGKILL. Whether it really was inside is decided afterwards, by what it had still written.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::time::Duration;

use crate::dice::Dice;
use crate::stage::{Stage, StageLine};

/// Longest wait between the beginning of a stage and the kill.
const DELAY_US_MAX: u64 = 20_000;

/// Kills programs, and keeps a log of where they were.
///
/// The wait after the beginning of a stage is random between nothing and a span that shrinks with every stage that was over too
/// soon and grows with every kill that struck: short stages and long ones are both hit all along their length.
#[derive(Debug)]
pub struct Killer {
    dice: Dice,
    span_us: BTreeMap<Stage, u64>,
    log: Vec<Kill>,
}

/// One line of the log.
#[derive(Clone, Debug)]
pub struct Kill {
    /// The stage that was aimed at.
    pub stage: Stage,
    /// Its how manieth beginning.
    pub nth: u64,
    /// Where the home was, and who else was at work.
    pub scene: String,
    /// The wait after its beginning.
    pub delay_us: u64,
    /// What happened.
    pub outcome: Outcome,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Killed between the stage's beginning and its end.
    Inside,
    /// Killed, but the stage had just ended.
    Outside,
    /// It ended by itself before the stage began that many times.
    Finished(i32),
}

/// What is aimed at.
#[derive(Clone, Copy, Debug)]
struct Aim {
    stage: Stage,
    nth: u64,
    delay_us: u64,
}

impl Killer {
    /// A killer whose choices follow from a seed.
    pub fn new(seed: u64) -> Killer {
        Killer { dice: Dice::new(seed), span_us: BTreeMap::new(), log: Vec::new() }
    }

    /// Starts all commands at once and kills each inside its first to `last`-th run of the stage. Returns their outcomes.
    pub fn strike(&mut self, scene: &str, commands: Vec<Command>, stage: Stage, last: u64) -> Vec<Outcome> {
        let aims: Vec<Aim> = commands.iter().map(|_| self.aim(stage, last)).collect();
        let hunts: Vec<_> =
            commands.into_iter().zip(aims.clone()).map(|(command, aim)| std::thread::spawn(move || hunt(command, aim))).collect();
        let outcomes: Vec<Outcome> = hunts.into_iter().map(|hunt| hunt.join().expect("the watching thread")).collect();
        for (aim, outcome) in aims.into_iter().zip(&outcomes) {
            self.learn(aim, *outcome);
            let kill = Kill { stage, nth: aim.nth, scene: scene.to_owned(), delay_us: aim.delay_us, outcome: *outcome };
            println!("{kill}");
            self.log.push(kill);
        }
        outcomes
    }

    /// How often a program was killed inside the stage.
    pub fn inside(&self, stage: Stage) -> usize {
        self.log.iter().filter(|kill| kill.stage == stage && kill.outcome == Outcome::Inside).count()
    }

    /// Everything that was tried.
    pub fn log(&self) -> &[Kill] {
        &self.log
    }

    fn aim(&mut self, stage: Stage, last: u64) -> Aim {
        let span_us = self.span_us.get(&stage).copied().unwrap_or(DELAY_US_MAX);
        Aim { stage, nth: 1 + self.dice.up_to(last.saturating_sub(1)), delay_us: self.dice.up_to(span_us) }
    }

    fn learn(&mut self, aim: Aim, outcome: Outcome) {
        let span_us = self.span_us.entry(aim.stage).or_insert(DELAY_US_MAX);
        match outcome {
            Outcome::Inside => *span_us = (*span_us * 5 / 4 + 1).min(DELAY_US_MAX),
            Outcome::Outside => *span_us = (*span_us).min(aim.delay_us) / 2,
            Outcome::Finished(_) => {}
        }
    }
}

impl fmt::Display for Kill {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Kill { stage, nth, scene, delay_us, outcome } = self;
        write!(out, "kill stage={} nth={nth} delay={delay_us}us scene={scene} -> {outcome:?}", stage.name())
    }
}

/// Runs a command until it is inside what is aimed at, and kills it there.
fn hunt(mut command: Command, aim: Aim) -> Outcome {
    command.stdout(std::process::Stdio::null());
    let mut child = command.spawn().expect("the program under test starts");
    let mut lines = BufReader::new(child.stderr.take().expect("standard error is piped")).lines();
    let mut tally = Tally { aim, begun: 0, ended: 0, last: Vec::new() };
    while let Some(Ok(line)) = lines.next() {
        if tally.read(line) {
            return kill(&mut child, lines, tally);
        }
    }
    let status = child.wait().expect("the program under test ends");
    tally.check();
    Outcome::Finished(status.code().unwrap_or(-1))
}

fn kill(child: &mut Child, rest: impl Iterator<Item = std::io::Result<String>>, mut tally: Tally) -> Outcome {
    std::thread::sleep(Duration::from_micros(tally.aim.delay_us));
    child.kill().expect("SIGKILL is sent");
    child.wait().expect("the killed program is gone");
    // What it had still written before it died lies in the pipe.
    for line in rest.map_while(Result::ok) {
        tally.read(line);
    }
    tally.check();
    if tally.begun > tally.ended { Outcome::Inside } else { Outcome::Outside }
}

/// Counts beginnings and ends of a stage.
struct Tally {
    aim: Aim,
    begun: u64,
    ended: u64,
    last: Vec<String>,
}

impl Tally {
    /// Takes a line; says whether the wanted beginning has been reached.
    fn read(&mut self, line: String) -> bool {
        let parsed = StageLine::parse(&line).filter(|line| line.stage == self.aim.stage);
        self.last.push(line);
        match parsed {
            Some(StageLine { begins: true, .. }) => self.begun += 1,
            Some(StageLine { begins: false, .. }) => self.ended += 1,
            None => return false,
        }
        self.begun >= self.aim.nth
    }

    fn check(&self) {
        let all = self.last.join("\n");
        assert!(!all.contains("panicked at"), "the program under test panicked:\n{all}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Program;

    const LONG: &str = r#"echo '{"event":"stage","stage":"rows","phase":"begin"}' >&2; exec sleep 20"#;
    const OVER: &str =
        r#"for phase in begin end; do echo '{"event":"stage","stage":"rows","phase":"'$phase'"}' >&2; done; exec sleep 20"#;
    const NEVER: &str = "exit 5";

    #[test]
    fn a_kill_counts_as_inside_only_between_begin_and_end() {
        let shell = Program::new("sh");
        let mut killer = Killer::new(7);
        for (script, stage, expected) in [
            (LONG, Stage::Rows, Outcome::Inside),
            (OVER, Stage::Rows, Outcome::Outside),
            (LONG.replace("exec sleep 20", "exit 0").as_str(), Stage::Commit, Outcome::Finished(0)),
            (NEVER, Stage::Rows, Outcome::Finished(5)),
        ] {
            assert_eq!(killer.strike("test", vec![shell.command(&["-c", script])], stage, 1), [expected], "{script}");
        }
        assert_eq!((killer.inside(Stage::Rows), killer.inside(Stage::Commit), killer.log().len()), (1, 0, 4));
    }

    #[test]
    fn several_are_hunted_at_once() {
        let shell = Program::new("sh");
        let commands = vec![shell.command(&["-c", LONG]), shell.command(&["-c", LONG])];
        assert_eq!(Killer::new(8).strike("two", commands, Stage::Rows, 1), [Outcome::Inside, Outcome::Inside]);
    }
}
