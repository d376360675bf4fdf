"""Refer, accept, read: a client without any Rust on its side.

Code is generated from the contract (proto/) by grpcio-tools, and the tokens come from
`trellis token`. Usage: refer_accept_read.py TRELLIS DATA_DIR HOST:PORT PROTO_DIR
"""

import pathlib
import subprocess
import sys
import tempfile
import uuid

import grpc
from grpc_tools import protoc

TRELLIS, DATA, TARGET, PROTO = sys.argv[1:5]


def generate():
    """Python code of the whole contract, into a folder that is thrown away."""
    out = tempfile.mkdtemp(prefix="trellis-python-")
    files = sorted(str(path) for path in pathlib.Path(PROTO).rglob("*.proto"))
    import grpc_tools

    include = str(pathlib.Path(grpc_tools.__file__).parent / "_proto")
    args = ["protoc", f"-I{PROTO}", f"-I{include}", f"--python_out={out}", f"--grpc_python_out={out}"]
    if protoc.main(args + files) != 0:
        raise SystemExit("the contract does not compile")
    sys.path.insert(0, out)


generate()

from trellis.common.v1 import codes_pb2 as codes  # noqa: E402
from trellis.common.v1 import labels_pb2 as labels  # noqa: E402
from trellis.consent.v1 import consent_pb2, consent_service_pb2_grpc, rule_pb2  # noqa: E402
from trellis.directory.v1 import directory_pb2, directory_pb2_grpc  # noqa: E402
from trellis.notes.v1 import notes_pb2, notes_pb2_grpc  # noqa: E402
from trellis.people.v1 import people_pb2, people_pb2_grpc  # noqa: E402
from trellis.referrals.v1 import referrals_pb2, referrals_pb2_grpc  # noqa: E402


def token(*args):
    """A token as the development issuer mints it."""
    command = [TRELLIS, "token", "--data", DATA, *args]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Caller:
    """One caller: its token on every call, and a deadline."""

    def __init__(self, channel, bearer):
        self.metadata = [("authorization", f"Bearer {bearer}")]
        self.channel = channel

    def call(self, stub, method, request):
        return getattr(stub(self.channel), method)(request, metadata=self.metadata, timeout=20)

    def refused(self, stub, method, request, code):
        try:
            self.call(stub, method, request)
        except grpc.RpcError as error:
            assert error.code() == code, f"{method}: {error.code()} {error.details()}"
            return error
        raise AssertionError(f"{method} was served")


def rid():
    return str(uuid.uuid4())


def main():
    channel = grpc.insecure_channel(TARGET)
    grpc.channel_ready_future(channel).result(timeout=20)
    directory = directory_pb2_grpc.DirectoryServiceStub
    people = people_pb2_grpc.PeopleServiceStub
    consents = consent_service_pb2_grpc.ConsentServiceStub
    referrals = referrals_pb2_grpc.ReferralsServiceStub
    notes = notes_pb2_grpc.NotesServiceStub

    admin = Caller(channel, token("--kind", "network", "--sub", "py-admin", "--role", "NETWORK_ADMIN"))

    def register(name, sector, **flags):
        request = directory_pb2.RegisterAgencyRequest(
            request_id=rid(),
            display_name=name,
            sector=sector,
            bindings=[directory_pb2.AgencyBinding(issuer="trellis:dev", client_ids=["py"])],
            **flags,
        )
        return admin.call(directory, "RegisterAgency", request).agency.name

    clinic = register("Py Clinic", codes.SECTOR_HEALTHCARE, part2_program=True, covered_entity=True)
    housing = register("Py Housing", codes.SECTOR_HOUSING)

    def staff(sub, agency, role, *purposes):
        args = ["--kind", "staff", "--sub", sub, "--agency", agency, "--client", "py", "--role", role]
        for purpose in purposes:
            args += ["--purpose", purpose]
        return Caller(channel, token(*args))

    clinician = staff("py-dr", clinic, "CLINICIAN", "COC", "TREAT")
    manager = staff("py-cm", housing, "CASE_MANAGER", "COC")
    person_caller = Caller(
        channel,
        token("--kind", "person", "--sub", f"py-person-{rid()}", "--role", "PERSON", "--purpose", "PATRQT"),
    )

    registered = clinician.call(
        people,
        "RegisterPerson",
        people_pb2.RegisterPersonRequest(
            request_id=rid(),
            identifiers=[labels.Identifier(system="urn:py:mrn", value=rid())],
            given_name="Pat",
            family_name="Example",
            birth_date="1990-01-02",
        ),
    )
    person = registered.person.name

    # Sending without consent is refused, and says so to the sender alone.
    def referral(send):
        return referrals_pb2.CreateReferralRequest(
            request_id=rid(),
            person=person,
            target=housing,
            need_category="103-05-04",
            summary="A transitional apartment.",
            send=send,
        )

    clinician.refused(referrals, "CreateReferral", referral(True), grpc.StatusCode.FAILED_PRECONDITION)

    invited = clinician.call(
        people, "InvitePerson", people_pb2.InvitePersonRequest(request_id=rid(), person=person)
    )
    bound = person_caller.call(
        people, "AcceptInvitation", people_pb2.AcceptInvitationRequest(request_id=rid(), code=invited.code)
    )
    assert bound.person == person

    terms = consent_pb2.ConsentTerms(
        type=consent_pb2.CONSENT_TYPE_GENERAL,
        description="Notes and referrals at Py Clinic",
        rule=rule_pb2.Rule(
            effect=rule_pb2.EFFECT_PERMIT,
            recipients=rule_pb2.Recipients(agencies=[housing]),
            disclosers=rule_pb2.Disclosers(agencies=[clinic]),
            purposes=[codes.PURPOSE_COC, codes.PURPOSE_TREAT],
            actions=[codes.ACTION_READ, codes.ACTION_TRANSITION, codes.ACTION_REFER],
        ),
        statements=consent_pb2.Statements(
            right_to_revoke=True, redisclosure=True, refusal_consequences=True
        ),
    )
    terms.expires.GetCurrentTime()
    terms.expires.seconds += 30 * 86400
    draft = clinician.call(
        consents,
        "DraftConsent",
        consent_pb2.DraftConsentRequest(request_id=rid(), person=person, terms=terms),
    ).consent
    person_caller.call(
        consents,
        "SignConsent",
        consent_pb2.SignConsentRequest(
            request_id=rid(), name=draft.name, text_sha256=draft.text_sha256
        ),
    )

    # Refer.
    sent = clinician.call(referrals, "CreateReferral", referral(True)).referral
    assert sent.state == referrals_pb2.REFERRAL_STATE_REQUESTED
    # Accept.
    accepted = manager.call(
        referrals,
        "AcceptReferral",
        referrals_pb2.AcceptReferralRequest(request_id=rid(), name=sent.name),
    ).referral
    assert accepted.state == referrals_pb2.REFERRAL_STATE_ACCEPTED
    # Read.
    note = clinician.call(
        notes,
        "CreateNote",
        notes_pb2.CreateNoteRequest(
            request_id=rid(),
            person=person,
            type=notes_pb2.NOTE_TYPE_PROGRESS,
            sections=[notes_pb2.NoteSection(body="Doing well.")],
        ),
    ).note
    clinician.call(notes, "SignNote", notes_pb2.SignNoteRequest(request_id=rid(), name=note.name))
    read = manager.call(notes, "GetNote", notes_pb2.GetNoteRequest(name=note.name))
    assert read.note.sections[0].body == "Doing well."
    assert read.disclosure.basis == [draft.name]
    assert codes.OBLIGATION_PART2_NOTICE in read.disclosure.obligations
    assert "42 CFR part 2" in read.disclosure.notice.text
    # And no longer, once the person has taken the consent back.
    person_caller.call(
        consents, "RevokeConsent", consent_pb2.RevokeConsentRequest(request_id=rid(), name=draft.name)
    )
    hidden = manager.refused(
        notes, "GetNote", notes_pb2.GetNoteRequest(name=note.name), grpc.StatusCode.NOT_FOUND
    )
    absent = manager.refused(
        notes, "GetNote", notes_pb2.GetNoteRequest(name=f"notes/{rid()}"), grpc.StatusCode.NOT_FOUND
    )
    assert hidden.details() == absent.details()
    print("python: refer, accept, read: OK")


main()
