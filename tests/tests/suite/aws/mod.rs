//! What is read of AWS and written to it, and the deployment, against the local AWS that the suite starts.

mod bedrock;
mod bootstrap;
mod deploy;
mod reads;
mod topology;
