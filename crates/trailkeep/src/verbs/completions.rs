//! `trailkeep completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::exit::{Exit, Failure};
use crate::output;

/// Print completions for a shell.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep completions bash > ~/.local/share/bash-completion/completions/trailkeep
  trailkeep completions zsh > ~/.zfunc/_trailkeep
  trailkeep completions fish > ~/.config/fish/completions/trailkeep.fish")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints them.
    pub fn run(self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "trailkeep", &mut script);
        output::bytes(&script)?;
        Ok(Exit::Fine)
    }
}
