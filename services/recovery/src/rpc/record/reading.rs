//! One part after the other, a page at a time, as fast as whoever asked takes it. Whatever could not be read is
//! told, and nothing is left out without a word.

use std::collections::VecDeque;

use kernel::PersonId;
use rpc::{Error, Outage};
use tonic::{Code, Status};
use wire::recovery::v1::{
    GetMyRecordResponse, PartEnd, PartOutcome, RecordEnd, RecordPart, Withheld,
};

use super::{Asked, open::Open, outcome, withheld};
use crate::rpc::standing::standing;

/// Pages of a part.
const MOST_PAGES: usize = 2_000;

/// All that there is of a person, from where it has come to.
pub(in crate::rpc) struct Reading {
    asked: Asked,
    open: Option<Open>,
    /// The last part that was begun.
    part: i32,
    ready: VecDeque<GetMyRecordResponse>,
    withheld: Vec<Withheld>,
    unread: Vec<PartEnd>,
    ended: bool,
}

impl rpc::Source for Reading {
    type Message = GetMyRecordResponse;

    async fn next(&mut self) -> Result<Option<GetMyRecordResponse>, Status> {
        self.go_on().await
    }
}

impl Reading {
    /// To nobody but the person's own sign-in: to others nothing is told apart.
    pub(in crate::rpc) async fn begin(asked: Asked) -> Result<Self, Error> {
        let person = rpc::id("person", "people", &asked.person)?;
        let permit = standing(&asked.app, &asked.call, &PersonId::from(person)).await?;
        Ok(Self {
            withheld: withheld::always(permit.confirmed_by().is_some()),
            asked,
            open: None,
            part: 0,
            ready: VecDeque::new(),
            unread: Vec::new(),
            ended: false,
        })
    }

    /// What comes next; none: the end has been told.
    pub(in crate::rpc) async fn go_on(&mut self) -> Result<Option<GetMyRecordResponse>, Status> {
        loop {
            let deps = &self.asked.app.deps;
            rpc::still_admitted(&self.asked.call, &deps.directory, &*deps.clock)?;
            if let Some(ready) = self.ready.pop_front() {
                return Ok(Some(ready));
            }
            if self.ended {
                return Ok(None);
            }
            match self.open.take() {
                Some(open) => self.read(open).await?,
                None => self.turn(),
            }
        }
    }

    /// To the next part, or to the end.
    fn turn(&mut self) {
        self.part += 1;
        self.open = RecordPart::try_from(self.part).ok().map(Open::new);
        if self.open.is_none() {
            self.ended = true;
            let unread = std::mem::take(&mut self.unread);
            let mut withheld = std::mem::take(&mut self.withheld);
            withheld.extend(unread.iter().map(withheld::unread));
            let end = RecordEnd { whole: unread.is_empty(), withheld, unread };
            self.ready.push_back(GetMyRecordResponse { end: Some(end), ..Default::default() });
        }
    }

    async fn read(&mut self, mut open: Open) -> Result<(), Status> {
        let page = open.page(&self.asked).await;
        let page = match self.still_theirs().await? {
            None => page,
            Some(away) => Err(away),
        };
        let page = match page {
            Ok(page) => page,
            // The token has ended, or counts no more: so has everything.
            Err(status) if status.code() == Code::Unauthenticated => return Err(status),
            Err(status) => {
                self.close(&open, outcome::outcome(&status));
                return Ok(());
            }
        };
        open.pages += 1;
        if page.records > 0 {
            open.records += i64::try_from(page.records).unwrap_or_default();
            withheld::of_page(&page.message, &mut self.withheld);
            self.ready.push_back(page.message);
        }
        open.token = page.next;
        match (open.token.is_empty(), open.pages >= MOST_PAGES) {
            (true, _) => self.close(&open, PartOutcome::Whole),
            (false, true) => self.close(&open, PartOutcome::TooLong),
            (false, false) => self.open = Some(open),
        }
        Ok(())
    }

    /// After what was read: to a sign-in that has ended nothing is told, nor that a part is empty. Where it can't be
    /// asked, why: what was read is not told, and its part is named as one that was not.
    async fn still_theirs(&self) -> Result<Option<Status>, Error> {
        let person = PersonId::from(rpc::id("person", "people", &self.asked.person)?);
        match standing(&self.asked.app, &self.asked.call, &person).await {
            Ok(_) => Ok(None),
            Err(away @ Error::Unavailable(Outage::Consent | Outage::Overloaded)) => {
                Ok(Some(away.into()))
            }
            Err(ended) => Err(ended),
        }
    }

    fn close(&mut self, open: &Open, outcome: PartOutcome) {
        let end = PartEnd {
            part: open.part.into(),
            outcome: outcome.into(),
            records: open.records,
            explanation: outcome::explained(outcome).to_owned(),
        };
        if outcome != PartOutcome::Whole {
            self.unread.push(end.clone());
        }
        let part = open.part.into();
        let told = GetMyRecordResponse { part, part_end: Some(end), ..Default::default() };
        self.ready.push_back(told);
    }
}
