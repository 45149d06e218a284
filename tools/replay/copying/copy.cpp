#include "tools/replay/copying/copy.h"

#include <deque>
#include <stdexcept>

#include "adapters/keys/log_identity.h"
#include "adapters/keys/master_rotation.h"
#include "adapters/keys/store_files.h"
#include "tools/replay/copying/key_copy.h"
#include "tools/replay/folding.h"

namespace countersign::replay {
namespace {

namespace fs = std::filesystem;

Copied summary(const LogCopy& copied, const Tally& target, std::size_t partitions) {
  return {.events = copied.tally.events(),
          .accounts = copied.tally.accounts(),
          .frames = copied.frames,
          .answers = copied.tally.answers(),
          .answers_left_out = copied.answers_left_out,
          .partitions = static_cast<std::uint32_t>(partitions),
          .differences = Tally::differences(copied.tally, target)};
}

/// A server that was started meanwhile would have written on, and its events would be missing.
void require_unchanged(std::span<bus::PartitionLog* const> sources, const std::vector<bus::Offset>& read_to) {
  for (std::size_t n = 0; n < sources.size(); ++n) {
    const auto more = sources[n]->read(read_to[n], 1);
    if (more.has_error()) throw std::runtime_error("the source can't be read: " + more.error().message());
    if (!more->empty())
      throw std::runtime_error("somebody has written to partition " + std::to_string(n) +
                               " of the source while it was copied: the copy is not complete");
  }
}

fs::path master_key_of(const Source& source) {
  return source.master_key_file.empty() ? source.directory / "master-key" : source.master_key_file;
}

/// For a moment: the log of a directory whose lock is held.
std::unique_ptr<bus::EmbeddedLog> open_log(const Source& source, const bus::LogIdentity& identity) {
  bus::EmbeddedLogOptions options;
  options.directory = (source.directory / "log").string();
  options.identity = identity;
  return bus::EmbeddedLog::open_read_only(options);
}

Copied write_cluster(const Source& source, AuditedLog& log, bus::PartitionLog& embedded, const ClusterTarget& target,
                     bool force, const Progress& progress) {
  require_empty(target.logs);
  KeysToTable keys(source.directory / "keys", master_key_of(source), target.keys,
                   static_cast<std::uint32_t>(target.logs.size()));
  const LogTarget to{target.logs, *log.keys()};
  AuditedLog* const audited[] = {&log};
  const auto copied = copy_log(audited, to, force, progress);
  auto result = summary(copied, read_back(to, progress), target.logs.size());
  bus::PartitionLog* const sources[] = {&embedded};
  require_unchanged(sources, copied.read_to);
  if (result.differences.empty()) keys.complete();
  return result;
}

}  // namespace

Copied copy_to_cluster(const Source& source, const ClusterTarget& target, bool force, const Progress& progress) {
  const DirectoryLock lock(source.directory);
  AuditedLog log(source);
  if (!log.keys()) throw std::runtime_error("a copy takes the master key: " + log.why_no_keys());
  const auto embedded = open_log(source, log.identity());
  bus::PartitionLog* const sources[] = {embedded.get()};
  if (!force) require_released(sources, *log.keys());
  if (is_complete(target.keys))
    throw std::runtime_error("the target has a cluster's keys, all of them: it is left alone. Take another prefix");
  try {
    return write_cluster(source, log, *embedded, target, force, progress);
  } catch (const std::exception& error) {
    throw std::runtime_error(
        std::string(error.what()) +
        "\nNo server takes what a copy that was cut off has left. If it is that: " + target.remedy);
  }
}

fs::path unfinished_copy(const fs::path& directory) {
  return directory.parent_path() / (directory.filename().string() + ".copying");
}

Copied copy_to_directory(const ClusterSource& source, const fs::path& directory, bool force, const Progress& progress) {
  const auto to = fs::absolute(directory).lexically_normal();
  const auto path = to.has_filename() ? to : to.parent_path();
  const auto unfinished = unfinished_copy(path);
  if (fs::exists(path)) throw std::runtime_error(path.string() + " exists already; a new directory is made");
  if (fs::exists(unfinished))
    throw std::runtime_error(unfinished.string() +
                             " holds a copy that was cut off, or is being made: remove it (rm -r " +
                             unfinished.string() + ") and start again");
  std::vector<bus::PartitionLog*> sources;
  for (std::uint32_t n = 0; n < source.partitions(); ++n) sources.push_back(&source.log(n));
  if (!force) require_released(sources, source.keys());

  fs::create_directory(unfinished);
  fs::permissions(unfinished, fs::perms::owner_all);
  keys_to_store(source, unfinished / "keys");
  std::deque<AuditedLog> logs;
  std::vector<AuditedLog*> audited;
  for (std::uint32_t n = 0; n < source.partitions(); ++n) {
    logs.emplace_back(source.log(n), source.identity(n), source.keys());
    audited.push_back(&logs.back());
  }
  bus::EmbeddedLogOptions options;
  options.directory = (unfinished / "log").string();
  options.identity = source.identity(0);
  LogCopy copied;
  {
    bus::EmbeddedLog log(options);
    copied = copy_log(audited, {{&log}, source.keys()}, force, progress);
  }
  // As a server would open it, with the keys that lie beside it.
  const auto keys =
      keys::open_with_master_file(unfinished / "keys", source.master_key_file(), keys::KeyStore::Mode::read_only);
  const auto written = open_log({unfinished, {}, false}, keys::log_identity(*keys));
  auto result = summary(copied, read_back({{written.get()}, *keys}, progress), 1);
  require_unchanged(sources, copied.read_to);
  if (!result.differences.empty()) return result;
  keys::sync_directory(unfinished);
  fs::rename(unfinished, path);
  keys::sync_directory(path.parent_path());
  return result;
}

}  // namespace countersign::replay
