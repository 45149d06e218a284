#pragma once
// Reads whole seed files for tests, cut as they like, and shows what came of them in a line each.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "adapters/keys/master_key.h"
#include "adapters/seed_files/seed_file_reader.h"

namespace countersign::seed_files::test {

using Lines = std::vector<std::string>;

inline std::string shown(const SeedRow& row) {
  if (const auto* const wrong = std::get_if<RecordError>(&row.outcome)) return wrong->code;
  const auto& token = std::get<TokenSeed>(row.outcome);
  const char* const types[] = {"totp", "hotp", "ocra"};
  const char* const algorithms[] = {"sha1", "sha256", "sha512"};
  std::string text = token.serial + "|" + token.manufacturer + "|" + token.issuer;
  text += std::string("|") + types[static_cast<int>(token.type)];
  text += std::string("|") + algorithms[static_cast<int>(token.shape.algorithm)];
  for (const auto number : {std::uint64_t{token.shape.digits}, std::uint64_t{token.period_s}, token.counter,
                            static_cast<std::uint64_t>(token.expires_at)})
    text += "|" + std::to_string(number);
  return text + "|" + (token.suite ? token.suite->text : "") + "|" + keys::hex(token.seed.view());
}

struct Outcome {
  Lines rows;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> places;  ///< line and number
  std::string failure;                                          ///< code
  std::string failure_detail;
  std::vector<std::string> ignored, details;
};

inline Outcome read(SeedFileReader& reader, std::string_view bytes, std::size_t piece = std::string::npos) {
  Outcome outcome;
  const auto take_all = [&] {
    while (const auto row = reader.next()) {
      outcome.rows.push_back(shown(*row));
      outcome.places.emplace_back(row->line, row->number);
      const auto* const wrong = std::get_if<RecordError>(&row->outcome);
      outcome.details.push_back(wrong == nullptr ? "" : wrong->detail);
    }
  };
  for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size())) {
    reader.feed(bytes.substr(at, piece));
    take_all();
  }
  reader.finish();
  take_all();
  if (const auto failure = reader.failure()) {
    outcome.failure = failure->code;
    outcome.failure_detail = failure->detail;
  }
  outcome.ignored = reader.ignored();
  return outcome;
}

inline Outcome read_csv(std::string_view bytes, std::size_t piece = std::string::npos) {
  return read(*make_csv_reader(), bytes, piece);
}

inline Outcome read_pskc(std::string_view bytes, FileKey key = {}, std::size_t piece = std::string::npos) {
  return read(*make_pskc_reader(std::move(key)), bytes, piece);
}

}  // namespace countersign::seed_files::test
