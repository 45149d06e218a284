#pragma once
// What an export is: the question, what of the log answers it, and the files. While it is being written the same stands
// in `progress.json` with how far it is; `manifest.json` is written last, so where it stands, the export is whole.

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>

#include "domain/ids.h"
#include "tools/replay/export/disclosure.h"

namespace countersign::replay {

struct ExportQuestion {
  domain::AccountId account;
  std::string from, to;  ///< moments' texts as they were given; empty: from the first, to the last event
  std::string filter;
  std::string format;
  bool bundle = false;
  bool operator==(const ExportQuestion&) const = default;
};

/// How far an export is.
struct ExportDone {
  std::uint64_t sequence = 0;  ///< everything up to here is in the files, as far as it is asked for
  std::string root;            ///< of the account's Merkle tree at that size: so that nobody goes on with another log
  std::uint64_t events = 0, first_sequence = 0, last_sequence = 0;
  domain::UnixMs first_time = 0, last_time = 0;
  std::uint64_t keys = 0;
  std::map<Withheld, std::uint64_t> withheld;
  std::map<std::string, std::uint64_t> sizes;  ///< bytes by file name
};

struct ExportedFile {
  std::string name, sha256;
  std::uint64_t bytes = 0;
};

struct Manifest {
  ExportQuestion question;
  std::uint64_t end_sequence = 0;        ///< fixed when it was begun: what the log has got since is not in it
  std::string log_time;                  ///< of the newest frame then
  std::string checkpoint, verifier_key;  ///< of a bundle
  ExportDone done;
  std::vector<ExportedFile> files;  ///< once it is whole
};

inline constexpr std::string_view manifest_file = "manifest.json", progress_file = "progress.json",
                                  bundle_file = "bundle.ndjson";

boost::json::object to_json(const Manifest& manifest);
/// Nothing for what to_json() doesn't make.
std::optional<Manifest> parse_manifest(std::string_view text);

/// Of a file's bytes, as 64 hexadecimal digits. Throws std::runtime_error.
std::string sha256_of_file(const std::string& file);

}  // namespace countersign::replay
