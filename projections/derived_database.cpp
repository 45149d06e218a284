#include "projections/derived_database.h"

#include <stdexcept>

namespace countersign::projections {
namespace {
constexpr std::string_view version_key = "V";
}

void require(const rocksdb::Status& status, const std::string& what) {
  if (!status.ok()) throw std::runtime_error(what + ": " + status.ToString());
}

rocksdb::Options derived_options(std::shared_ptr<rocksdb::WriteBufferManager> write_buffers) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_manager = std::move(write_buffers);
  options.max_open_files = 64;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::WARN_LEVEL;
  return options;
}

std::unique_ptr<rocksdb::DB> open_derived(const std::string& directory, const std::string& what, std::uint32_t version,
                                          const rocksdb::Options& options) {
  const auto text = std::to_string(version);
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::Open(options, directory, &opened);
  std::unique_ptr<rocksdb::DB> database(opened);
  std::string found;
  if (status.ok() && database->Get({}, version_key, &found).ok() && found == text) return database;
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) require(status, what);
  database.reset();
  require(rocksdb::DestroyDB(directory, options), what + " can't be emptied");
  require(rocksdb::DB::Open(options, directory, &opened), what + " can't be opened");
  database.reset(opened);
  require(database->Put({}, version_key, text), what + " can't be written");
  return database;
}

std::unique_ptr<rocksdb::DB> open_derived_read_only(const std::string& directory, const std::string& what,
                                                    std::uint32_t version, const rocksdb::Options& options) {
  rocksdb::DB* opened = nullptr;
  require(rocksdb::DB::OpenForReadOnly(options, directory, &opened), what + " can't be opened");
  std::unique_ptr<rocksdb::DB> database(opened);
  std::string found;
  if (!database->Get({}, version_key, &found).ok() || found != std::to_string(version))
    throw std::runtime_error(what + " is of another version");
  return database;
}

std::uint64_t table_bytes(rocksdb::DB& database) {
  std::uint64_t bytes = 0;
  database.GetIntProperty("rocksdb.total-sst-files-size", &bytes);
  return bytes;
}

}  // namespace countersign::projections
