using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos.Admin.V1;
using GrpcServing.Shadowing;
using Microsoft.Data.Sqlite;

namespace GrpcServing.IntegrationTests.Shadowing;

/// <summary>A server that is killed while it captures.</summary>
/// <remarks>Alone: copies run in the time that nobody else needs, and beside other tests there may be none.</remarks>
[Collection(Alone.Name)]
public sealed class CaptureKillTests
{
    [Fact]
    public async Task Store_OfAServerThatIsKilledAgainAndAgain_OpensAndAddsUp()
    {
        using var captures = new TemporaryDirectory();
        var before = 0L;
        for (var round = 0; round < 3; round++)
        {
            await using var server = ServerProcess.Start("--Serving:GrpcPort=0", "--Serving:HttpPort=0", $"--Serving:ModelRepository={TestPaths.Examples}", $"--Serving:CaptureDirectory={captures.Path}");
            var (address, _) = await server.ReadyAsync();
            using var channel = GrpcChannel.ForAddress(address);
            var shadows = new ShadowAdmin.ShadowAdminClient(channel);
            await shadows.StartShadowAsync(new StartShadowRequest { Model = "digits", Settings = new() { Candidate = 2, MaxAge = Duration.FromTimeSpan(TimeSpan.FromMinutes(10)) } });
            await shadows.SetCaptureAsync(new SetCaptureRequest { Model = "digits", Fraction = 1 });

            // Killed in the middle of traffic, once something of this round is on the disk.
            var client = ServerProcess.Client(channel);
            using var stop = new CancellationTokenSource();
            var traffic = SendAsync(client, stop.Token);
            await Calls.UntilAsync(() => Stored(captures.Path) > before, () => "something is captured");
            server.Kill();
            await stop.CancelAsync();
            await traffic;
            await server.ExitAsync();

            before = Stored(captures.Path);
            AssertAddsUp(captures.Path);
        }
    }

    [Fact]
    public async Task Store_ThatIsNoDatabaseAnyMore_IsPutAsideAndBegunAnew()
    {
        using var captures = new TemporaryDirectory();
        await File.WriteAllTextAsync(Path.Combine(captures.Path, "captures.db"), new string('x', 8192));
        await using var server = await ShadowServer.OverDigitsAsync(Path.Combine(TestPaths.Examples, "digits", "2", "model.onnx"), settings: $"--Serving:CaptureDirectory={captures.Path}");
        await server.StartShadowAsync("digits", ShadowServer.Settings(candidate: 2));

        await server.SendAllAsync(Digits.Count, static i => Digits.Request(i));
        var settled = await server.SettledAsync("digits", Digits.Count);
        await server.StopShadowAsync("digits");

        Assert.True(File.Exists(Path.Combine(captures.Path, "captures.db.damaged")));
        Assert.Equal(settled.Disagreements, Stored(captures.Path));
        AssertAddsUp(captures.Path);
    }

    [Fact]
    public async Task Store_ThatAnotherServerHas_LeavesTheShadowWithoutCaptures()
    {
        using var captures = new TemporaryDirectory();
        await using var first = CaptureWriter.Open(captures.Path, static _ => { });
        await using var server = await ShadowServer.OverDigitsAsync(Path.Combine(TestPaths.Examples, "digits", "2", "model.onnx"), settings: $"--Serving:CaptureDirectory={captures.Path}");

        await server.StartShadowAsync("digits", ShadowServer.Settings(candidate: 2));
        await server.SendAllAsync(50, static i => Digits.Request(i));
        var settled = await server.SettledAsync("digits", 50);

        Assert.Equal(50, settled.Pairs);
        Assert.Equal(0, Stored(captures.Path));
    }

    private static async Task SendAsync(Protos.GRPCInferenceService.GRPCInferenceServiceClient client, CancellationToken stop)
    {
        try
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await client.ModelInferAsync(Digits.Request(i % Digits.Count), cancellationToken: stop);
                // Copies run on what this leaves of the processor.
                await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, stop);
            }
        }
        catch (Exception gone) when (gone is RpcException or OperationCanceledException)
        {
            // The server is gone, as it should be, in a call or between two.
        }
    }

    private static long Stored(string directory)
    {
        var file = Path.Combine(directory, "captures.db");
        return File.Exists(file) ? Read(file, "SELECT COUNT(*) FROM captured") : 0;
    }

    private static void AssertAddsUp(string directory)
    {
        var file = Path.Combine(directory, "captures.db");
        Assert.Equal(0, Read(file, "SELECT COUNT(*) FROM shadow WHERE stored > 0 AND offered <> passed_over + dropped + stored"));
        Assert.Equal(0, Read(file, "SELECT COUNT(*) FROM shadow AS s WHERE stored <> replaced + evicted + (SELECT COUNT(*) FROM captured WHERE shadow = s.id)"));
    }

    private static long Read(string file, string sql)
    {
        try
        {
            using var connection = CaptureDatabase.Connect(file, SqliteOpenMode.ReadWrite);
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            return (long)command.ExecuteScalar()!;
        }
        catch (SqliteException unfinished) when (unfinished.SqliteErrorCode == 1)
        {
            // The tables are not there yet.
            return 0;
        }
    }
}
