//! The archive of a record, made of what is read as it comes.

use std::io;

use kernel::Instant;
use prost_reflect::DynamicMessage;
use wire::{
    convert::timestamp,
    recovery::v1::{
        GetMyRecordResponse, RecordEnd, RecordManifest, RecordPart, Withheld, WithheldKind,
    },
};

use super::{
    archive::Archive,
    contract::{Contract, contract, dynamic},
    page::Page,
    words,
};

/// The page to read.
const PAGE: &str = "record.html";
const MANIFEST: &str = "manifest.json";

/// Whose export it is, and when it was begun.
#[derive(Debug, Clone)]
pub struct About {
    /// people/{uuid}.
    pub person: String,
    pub at: Instant,
}

pub struct Export {
    about: About,
    contract: &'static Contract,
    archive: Archive,
    page: Page,
    /// Messages in the file that is open; none: no file is.
    messages: Option<usize>,
}

/// What people call an agency, by its name.
pub type Agencies = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Export {
    pub fn new(about: About, agencies: Agencies) -> io::Result<Self> {
        let contract = contract().ok_or_else(|| io::Error::other("the contract"))?;
        let page = Page::new(about.clone(), agencies);
        Ok(Self { about, contract, archive: Archive::new(), page, messages: None })
    }

    /// Adds a page of a part, or its end.
    pub fn add(&mut self, message: &GetMyRecordResponse) -> io::Result<()> {
        let odd = || io::Error::other("a message that the contract does not know");
        let read = dynamic(&self.contract.reply, message).ok_or_else(odd)?;
        let part = message.part();
        self.json(part, &read)?;
        match &message.part_end {
            None => self.page.add(part, message, &read),
            Some(end) => {
                self.archive.write(b"]\n")?;
                self.archive.end();
                self.messages = None;
                self.page.end_part(end);
            }
        }
        Ok(())
    }

    fn json(&mut self, part: RecordPart, read: &DynamicMessage) -> io::Result<()> {
        let before = match self.messages {
            Some(_) => ",\n",
            None => {
                self.archive.begin(&file_name(part), part)?;
                "[\n"
            }
        };
        self.messages = Some(self.messages.unwrap_or_default() + 1);
        self.archive.write(before.as_bytes())?;
        self.archive.write(&serde_json::to_vec(read)?)
    }

    /// What can be sent by now.
    pub fn taken(&self) -> Vec<u8> {
        self.archive.taken()
    }

    /// The page, the manifest and the archive's end; and what is not in it.
    pub fn finish(mut self, mut end: RecordEnd) -> io::Result<(Vec<u8>, RecordEnd)> {
        end.withheld.extend(self.page.cut().iter().map(|part| Withheld {
            kind: WithheldKind::NotOnPage.into(),
            certain: true,
            part: (*part).into(),
            explanation: "There is more of this than a page can hold.".to_owned(),
            review: format!("All of it is in {}.", file_name(*part)),
            ..Withheld::default()
        }));
        self.archive.begin(PAGE, RecordPart::Unspecified)?;
        self.archive.write(self.page.finish(&end).as_bytes())?;
        self.archive.end();
        let manifest = RecordManifest {
            person: self.about.person,
            create_time: Some(timestamp(self.about.at)),
            contract: "trellis.recovery.v1".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            contract_sha256: self.contract.sha256.clone(),
            files: self.archive.files().to_vec(),
            end: Some(end.clone()),
        };
        let manifest = dynamic(&self.contract.manifest, &manifest);
        let manifest = manifest.ok_or_else(|| io::Error::other("the manifest"))?;
        self.archive.begin(MANIFEST, RecordPart::Unspecified)?;
        self.archive.write(&serde_json::to_vec_pretty(&manifest)?)?;
        self.archive.end();
        Ok((self.archive.finish()?, end))
    }
}

/// The parts' files sort in the parts' order.
fn file_name(part: RecordPart) -> String {
    format!("{:02}-{}.json", i32::from(part), words::slug(part))
}
