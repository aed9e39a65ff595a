//! stub
use super::ServerAddress;
use std::process::ExitCode;
/// x
#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {}
/// x
pub async fn demo(_s: ServerAddress, _a: DemoArgs) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
