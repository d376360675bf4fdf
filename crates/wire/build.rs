//! Generates messages, clients, servers and validation from the contract; needs no protoc.

use std::{env, fs, path::PathBuf};

use anyhow::Context as _;

fn main() -> anyhow::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    let mut packages = fs::read_dir(root.join("trellis"))?.collect::<Result<Vec<_>, _>>()?;
    packages.sort_by_key(fs::DirEntry::path);
    for package in packages {
        let mut protos = fs::read_dir(package.path().join("v1"))?.collect::<Result<Vec<_>, _>>()?;
        protos.sort_by_key(fs::DirEntry::path);
        for proto in protos {
            println!("cargo:rerun-if-changed={}", proto.path().display());
            files.push(proto.path());
        }
    }
    // The compiler keeps comments and extension options: reflection serves the constraints too.
    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_source_info(true).include_imports(true).open_files(files)?;
    let encoded = compiler.encode_file_descriptor_set();
    let set = compiler.file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), &encoded)?;
    // The codec knows a request by its name.
    let mut names = tonic_prost_build::Config::new();
    names.enable_type_names();
    tonic_prost_build::configure()
        .build_transport(true)
        .codec_path("crate::codec::Codec")
        .skip_debug([
            "trellis.people.v1.InvitePersonResponse",
            "trellis.people.v1.AcceptInvitationRequest",
            "trellis.people.v1.AcceptInvitationResponse",
            "trellis.people.v1.ConfirmSignInRequest",
            "trellis.people.v1.RenewConfirmationCodeResponse",
            "trellis.people.v1.AddRepresentativeResponse",
            "trellis.people.v1.SetNoticeDeliveryResponse",
            "trellis.people.v1.ConfirmNoticeDeliveryRequest",
            "trellis.people.v1.InviteSupporterResponse",
            "trellis.recovery.v1.AddSupporterResponse",
            "trellis.referrals.v1.RegisterWebhookResponse",
            "trellis.referrals.v1.RotateWebhookSecretResponse",
        ])
        .compile_fds_with_config(set, names)?;
    prost_protovalidate_build::Builder::new()
        .file_descriptor_set_bytes(encoded)
        .fail_on_runtime_only(true)
        .compile()?;
    let checks = out.join("validate_impl.rs");
    let bounded = bounded(&fs::read_to_string(&checks)?)?;
    fs::write(checks, bounded)?;
    Ok(())
}

/// A refusal names a hundred fields at most. Each costs a kilobyte, and a list in lists has thousands of elements: no
/// list is looked at further than that.
fn bounded(checks: &str) -> anyhow::Result<String> {
    const EACH: &str = "for (_idx, _item) in ";
    let mut loops = checks.split(EACH);
    let mut bounded = loops.next().unwrap_or_default().to_owned();
    let before = bounded.len();
    for one in loops {
        let (list, body) = one.split_once('{').context("a loop without a body")?;
        bounded.extend([EACH, list, "{ if violations.len() >= 100 { break; }", body]);
    }
    anyhow::ensure!(bounded.len() > before, "the generated checks have no loop over a list");
    Ok(bounded)
}
