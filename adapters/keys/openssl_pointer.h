#pragma once
// An object of OpenSSL's, freed when it goes.

#include <memory>

namespace countersign::keys {

template <auto release>
struct Release {
  template <class Object>
  void operator()(Object* object) const {
    release(object);
  }
};

template <class Object, auto release>
using OpenSslPointer = std::unique_ptr<Object, Release<release>>;

}  // namespace countersign::keys
