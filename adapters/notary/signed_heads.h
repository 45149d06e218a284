#pragma once
// The last checkpoint that each verifier key of each log has signed, on disk before anybody sees it: what a restart
// must be consistent with. Unlike tiles it follows from nothing else, and backups have it.
//
//   <directory>/<account id>/<hash of the verifier key>   the verifier key's line, then the signed note
//
// A file is written beside the old one, synced, and takes its name. Concurrency: one writer an account.

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/notary/checkpoint.h"
#include "adapters/notary/signed_note.h"

namespace countersign::notary {

struct SignedHead {
  VerifierKey key;
  std::string note;
  Checkpoint checkpoint;
};

/// A file found there, and what is wrong with it.
struct FoundHead {
  std::filesystem::path file;
  domain::AccountId account;
  std::optional<SignedHead> head;  ///< nothing when it can't be read
  std::string flaw;                ///< empty: it is what a server has written
};

/// All of them, in the order of their names. `known`: the installation's public keys; without them whoever made a file
/// can't be told. Throws std::runtime_error when the directory can't be read.
std::vector<FoundHead> read_signed_heads(const std::filesystem::path& directory,
                                         const std::optional<std::vector<keys::PublicKey>>& known);

/// Into a directory that doesn't exist, for a backup, while heads may be written. Throws
/// std::filesystem::filesystem_error.
void copy_signed_heads(const std::filesystem::path& from, const std::filesystem::path& to);

/// Durable when it returns. Throws std::runtime_error naming the file.
void write_signed_head(const std::filesystem::path& directory, domain::AccountId account, const SignedHead& head);

}  // namespace countersign::notary
