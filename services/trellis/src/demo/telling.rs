//! How the story is told: a sentence, then caller, RPC, answer and reason.

use std::io::Write;

/// Writes the story, numbered.
pub struct Telling<W> {
    out: W,
    step: u32,
}

impl<W: Write> Telling<W> {
    pub fn new(out: W) -> Self {
        Self { out, step: 0 }
    }

    /// An act begins.
    pub fn act(&mut self, title: &str) -> anyhow::Result<()> {
        Ok(writeln!(self.out, "\n== {title}")?)
    }

    /// A step that went as the story says.
    pub fn step(
        &mut self,
        says: &str,
        caller: &str,
        rpc: &str,
        answer: &str,
    ) -> anyhow::Result<()> {
        self.step += 1;
        writeln!(self.out, "{:>3}. {says}", self.step)?;
        Ok(writeln!(self.out, "     {caller} -> {rpc}: {answer}")?)
    }

    /// More about the last step.
    pub fn detail(&mut self, text: &str) -> anyhow::Result<()> {
        for line in text.lines() {
            writeln!(self.out, "       {line}")?;
        }
        Ok(())
    }

    pub fn end(&mut self, text: &str) -> anyhow::Result<()> {
        writeln!(self.out, "\n{text}")?;
        Ok(self.out.flush()?)
    }
}
