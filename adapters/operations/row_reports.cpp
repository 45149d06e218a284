#include "adapters/operations/row_reports.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <stdexcept>

#include "adapters/keys/master_key.h"

namespace countersign::operations {
namespace {

constexpr std::size_t bytes_a_write = 256 * 1024;

}  // namespace

std::string RowChecksum::after(std::string_view row) {
  former_ = bus::sha256(std::string(bus::view(former_)).append(row));
  return keys::hex(bus::view(former_)).substr(0, digits);
}

RowReportWriter::~RowReportWriter() {
  if (fd_ >= 0) ::close(fd_);
  std::error_code ignored;
  if (fd_ >= 0 && !published_) std::filesystem::remove(fresh(), ignored);
}

void RowReportWriter::add(const RowReport& row) {
  if (error_) return;
  boost::json::object out;
  if (row.line > 0) out["line"] = row.line;
  if (!row.user_id.empty()) out["user_id"] = row.user_id;
  out["code"] = row.code;
  out["detail"] = row.detail;
  const auto text = boost::json::serialize(out);
  buffer_.append(checksum_.after(text)).append(" ").append(text).push_back('\n');
  unpublished_ = true;
  if (buffer_.size() >= bytes_a_write) flush();
}

boost::system::error_code RowReportWriter::publish() {
  flush();
  if (error_ || (published_ && !unpublished_)) return error_;
  std::error_code failed;
  if (fd_ < 0) {
    std::filesystem::remove(file_, failed);
  } else {
    if (::fsync(fd_) != 0) fail(errno);
    if (!error_ && !published_) std::filesystem::rename(fresh(), file_, failed);
  }
  if (failed) error_ = {failed.value(), boost::system::system_category()};
  if (error_) return error_;
  published_ = true;
  unpublished_ = false;
  return {};
}

void RowReportWriter::flush() {
  if (error_ || buffer_.empty()) return;
  if (fd_ < 0) {
    const auto name = published_ ? file_ : fresh();
    fd_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  }
  if (fd_ < 0) return fail(errno);
  if (!has_space_(buffer_.size())) return fail(ENOSPC);
  for (std::string_view rest = buffer_; !rest.empty();) {
    const auto written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno != EINTR) return fail(errno);
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
}

void RowReportWriter::fail(int number) {
  error_ = {number, boost::system::system_category()};
}

std::filesystem::path RowReportWriter::fresh() const {
  auto name = file_;
  name += ".new";
  return name;
}

bool RowReportReader::read(std::string& out, std::size_t bytes) {
  const auto end = out.size() + bytes;
  std::string line;
  while (left_ > 0 && out.size() < end) {
    const bool there = static_cast<bool>(std::getline(in_, line)) && line.size() > RowChecksum::digits;
    const auto row = there ? std::string_view(line).substr(RowChecksum::digits + 1) : std::string_view();
    if (!there || !line.starts_with(checksum_.after(row) + ' '))
      throw std::runtime_error("the reports of rows in " + file_.string() + " are damaged");
    if (begun_) out.push_back(',');
    out.append(row);
    begun_ = true;
    --left_;
  }
  return left_ > 0;
}

}  // namespace countersign::operations
