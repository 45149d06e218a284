#include "adapters/keys/error.h"

#include <string>

namespace countersign::keys {
namespace {

// Boost's category has a protected destructor that is not virtual, which g++ takes for a mistake of ours.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "countersign.keys"; }
  std::string message(int value) const override {
    switch (static_cast<errc>(value)) {
      case errc::store_failed: return "the key store failed to read or write";
      case errc::damaged: return "a stored key is damaged";
      case errc::unknown_account: return "the key store has no key of this account";
      case errc::read_only: return "the key store is open for reading only";
      case errc::erase_unfinished: return "files that hold erased keys could not be removed yet";
      case errc::sealed_truncated: return "the sealed file is not complete";
      case errc::sealed_damaged: return "the sealed file was changed or sealed under another key";
      case errc::topic_behind: return "the topic of the cluster's keys can't be read in time; check the brokers";
      case errc::in_doubt: return "it isn't known whether the same was written before; use another id";
      case errc::shared: return "the keys are a cluster's, which can't be changed at one node";
      case errc::out_of_date:
        return "the copy of the cluster's keys has not been kept up for too long; restart, and it is made anew";
      case errc::contradiction:
        return "the topic of the cluster's keys has other cluster or account keys than this node; somebody else writes "
               "to it";
    }
    return "unknown";
  }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& keys_category() {
  static const Category category;
  return category;
}

}  // namespace countersign::keys
