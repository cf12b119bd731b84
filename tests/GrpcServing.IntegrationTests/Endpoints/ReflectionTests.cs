using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using GrpcServing.Protos;
using Alpha = Grpc.Reflection.V1Alpha;
using V1 = Grpc.Reflection.V1;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>Tools that know no proto files ask the server, newer ones by version 1 of the service and older ones by its draft.</summary>
public sealed class ReflectionTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    private static readonly string[] Services = ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "grpcserving.admin.v1.ShadowAdmin", "inference.GRPCInferenceService"];

    [Fact]
    public async Task V1_ListAndSymbol_DescribeTheProtocol()
    {
        using var call = new V1.ServerReflection.ServerReflectionClient(models.Server.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new V1.ServerReflectionRequest { ListServices = "" });
        await call.RequestStream.WriteAsync(new V1.ServerReflectionRequest { FileContainingSymbol = "inference.GRPCInferenceService" });
        await call.RequestStream.WriteAsync(new V1.ServerReflectionRequest { FileContainingSymbol = "no.such.Service" });
        await call.RequestStream.CompleteAsync();

        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Equal(Services, call.ResponseStream.Current.ListServicesResponse.Service.Select(static service => service.Name).Order(StringComparer.Ordinal));
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        AssertProtocol(call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto);
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Equal((int)StatusCode.NotFound, call.ResponseStream.Current.ErrorResponse.ErrorCode);
        Assert.False(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task V1Alpha_ListAndSymbol_DescribeTheProtocol()
    {
        using var call = new Alpha.ServerReflection.ServerReflectionClient(models.Server.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new Alpha.ServerReflectionRequest { ListServices = "" });
        await call.RequestStream.WriteAsync(new Alpha.ServerReflectionRequest { FileContainingSymbol = "inference.ModelInferRequest" });
        await call.RequestStream.CompleteAsync();

        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Equal(Services, call.ResponseStream.Current.ListServicesResponse.Service.Select(static service => service.Name).Order(StringComparer.Ordinal));
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        AssertProtocol(call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto);
    }

    private static void AssertProtocol(IEnumerable<ByteString> files)
    {
        var protocol = files.Select(FileDescriptorProto.Parser.ParseFrom).Single(static file => file.Name.EndsWith("inference.proto", StringComparison.Ordinal));

        var service = Assert.Single(protocol.Service);
        Assert.Equal(GRPCInferenceService.Descriptor.Methods.Select(static method => method.Name), service.Method.Select(static method => method.Name));
    }
}
