#include "adapters/keys/shared_rows.h"

namespace countersign::keys {
namespace {

class SharedRows final : public rocksdb::WriteBatch::Handler {
 public:
  void Put(const rocksdb::Slice& row, const rocksdb::Slice& value) override { add(row, value.ToString()); }
  void Delete(const rocksdb::Slice& row) override { add(row, std::nullopt); }

  std::vector<bus::TableRow> rows;

 private:
  void add(const rocksdb::Slice& row, std::optional<std::string> value) {
    if (is_shared(row.ToStringView())) rows.push_back({row.ToString(), std::move(value)});
  }
};

void append_big_endian(std::string& out, std::int64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> shift));
}

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<std::uint8_t>(byte);
  return static_cast<std::int64_t>(number);
}

}  // namespace

bool is_shared(std::string_view row) {
  if (row.empty()) return false;
  switch (row.front()) {
    case account_letter: return row.size() == account_row_bytes;
    case subject_letter: return row.size() == subject_row_bytes;
    case secret_letter: return row.size() == secret_row_bytes;
    default: return row == format_row || row.starts_with("c/");
  }
}

std::vector<bus::TableRow> shared_rows(const rocksdb::WriteBatch& batch) {
  SharedRows found;
  // The default handler refuses everything but puts and deletions of single rows, and nothing else is ever written.
  if (!batch.Iterate(&found).ok()) throw std::logic_error("a batch of keys has rows of another kind");
  return std::move(found.rows);
}

std::string encode(const CopiedTo& copied) {
  std::string value;
  append_big_endian(value, bus::value(copied.next));
  append_big_endian(value, bus::value(copied.all_at));
  return value;
}

std::optional<CopiedTo> decode_copied_to(std::string_view value) {
  if (value.size() != 16) return std::nullopt;
  return CopiedTo{bus::Offset{big_endian(value.substr(0, 8))}, bus::TimeMs{big_endian(value.substr(8))}};
}

bus::TimeMs wall_clock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return bus::TimeMs{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
}

}  // namespace countersign::keys
