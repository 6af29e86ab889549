// In place of @grpc/proto-loader: nothing in this program loads .proto files.
exports.loadSync = () => {
  throw new Error('this program loads no .proto files')
}
