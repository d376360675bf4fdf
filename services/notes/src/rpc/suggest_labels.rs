//! Suggests labels for codes. It knows of no person, and sets nothing.

use kernel::{CodeSet, Confidentiality, Sensitivity};
use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{LabelReason, LabelSuggestion, SuggestLabelsRequest, SuggestLabelsResponse};
use wire::{
    common::v1 as common,
    convert::{set_to_wire, to_wire},
};

use crate::domain::{Range, bare, dotted, ranges, suggested};

const RPC: &str = "trellis.notes.v1.NotesService/SuggestLabels";

pub(super) fn suggest_labels(
    request: Request<SuggestLabelsRequest>,
) -> Result<Response<SuggestLabelsResponse>, Error> {
    rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let mut all: CodeSet<Sensitivity> = CodeSet::EMPTY;
    let mut reply = SuggestLabelsResponse::default();
    for code in request.codes.iter().map(|asked| bare(&asked.code)) {
        let found = ranges(&code);
        if found.is_empty() {
            reply.unknown_codes.push(dotted(&code));
            continue;
        }
        let sensitivities = suggested(&found);
        all = all.union(sensitivities);
        reply.suggestions.push(LabelSuggestion {
            code: dotted(&code),
            sensitivities: set_to_wire(sensitivities),
            reasons: found.into_iter().map(reason).collect(),
        });
    }
    // Nothing is said of what is not known: it stays without labels, which is restricted.
    reply.labels = (!all.is_empty()).then(|| common::Labels {
        confidentiality: to_wire(Confidentiality::Restricted),
        sensitivities: set_to_wire(all),
        ..common::Labels::default()
    });
    Ok(Response::new(reply))
}

fn reason(range: &Range) -> LabelReason {
    LabelReason {
        range: range.name(),
        title: range.title.to_owned(),
        source: range.source(),
        sensitivities: set_to_wire(range.sensitivities()),
    }
}
