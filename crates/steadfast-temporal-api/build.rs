//! Generates the server traits from the descriptor set that `temporalio-protos` leaves behind, so that
//! there are no proto files here and no `protoc` is needed.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;
use prost_types::FileDescriptorSet;

/// The services that the gateway serves. The rest of the descriptor set is messages, which
/// `temporalio-protos` has compiled already.
const SERVICES: [&str; 2] = [
    "temporal/api/workflowservice/v1/service.proto",
    "temporal/api/operatorservice/v1/service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let descriptors = PathBuf::from(env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH")?);
    println!("cargo:rerun-if-changed={}", descriptors.display());
    let encoded = fs::read(descriptors)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // For gRPC reflection, with every message.
    fs::write(out.join("descriptors.bin"), &encoded)?;
    let mut services = FileDescriptorSet::decode(encoded.as_slice())?;
    services.file.retain(|file| SERVICES.contains(&file.name()));
    tonic_prost_build::configure()
        .build_client(env::var_os("CARGO_FEATURE_CLIENTS").is_some())
        .build_transport(false)
        .extern_path(".temporal.api", "::temporalio_protos::temporal::api")
        .compile_fds(services)?;
    Ok(())
}
