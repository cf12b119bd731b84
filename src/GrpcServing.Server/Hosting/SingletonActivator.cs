using System.Diagnostics.CodeAnalysis;
using Grpc.AspNetCore.Server;

namespace GrpcServing.Hosting;

/// <summary>Gives every call the same service object: no scope and no construction per call.</summary>
internal sealed class SingletonActivator<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicMethods | DynamicallyAccessedMemberTypes.NonPublicMethods)] TService>(TService service) : IGrpcServiceActivator<TService>
    where TService : class
{
    public GrpcActivatorHandle<TService> Create(IServiceProvider serviceProvider) => new(service, created: false, state: null);

    public ValueTask ReleaseAsync(GrpcActivatorHandle<TService> service) => ValueTask.CompletedTask;
}
